"""A small HTTP/1.1 client over one kept connection. ``http.client`` would import 40 modules."""

from __future__ import annotations

import _socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MAX_HEAD = 64 << 10
_MAX_BODY = 64 << 20
_STALL_S = 30.0  # no byte moved for this long: the other side is gone


class Unreachable(Exception):  # noqa: N818 - says what is so
    """No answer came; the text says why, in words. Whether the request arrived is not known."""


class Interrupted(Exception):  # noqa: N818 - a wish, not a fault
    """The caller's ``interrupted`` said that the answer is not wanted any more."""


class Address:
    """A parsed ``http(s)://host[:port][/path]``. Raises ValueError when the text is none."""

    __slots__ = ("host", "path", "port", "secure")

    def __init__(self, url: str) -> None:
        scheme, found, rest = url.partition("://")
        if not found or scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is not an address that starts with http:// or https://")
        authority, slash, path = rest.partition("/")
        host, port = authority, ""
        if authority.startswith("["):
            host, _, port = authority[1:].partition("]")
            port = port.removeprefix(":")
        elif ":" in authority:
            host, _, port = authority.rpartition(":")
        if not host or (port and not port.isdigit()):
            raise ValueError(f"{url!r} names no host and port")
        self.secure = scheme == "https"
        self.host = host
        self.port = int(port) if port else (443 if self.secure else 80)
        self.path = slash + path

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


class Answer:
    """Status and body of one response."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


class Connection:
    """One connection to one address, opened when needed and kept. Used by one thread at a time."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._socket: _socket.socket | None = None
        self._buffer = bytearray()
        self._reused = self._answered = self._stale = False
        self._deadline = 0.0
        self._interrupted: Callable[[], bool] | None = None

    def exchange(
        self,
        target: str,
        kind: str,
        length: int,
        body: Callable[[], Iterable[bytes]],
        timeout_s: float,
        interrupted: Callable[[], bool] | None = None,
    ) -> Answer:
        """POST and wait for the answer. ``body`` gives ``length`` bytes, and gives them again when
        a kept connection turns out to be dead. Raises Unreachable, Interrupted."""
        try:
            self.send(target, kind, length, body(), timeout_s)
            return self.receive(interrupted)
        except Unreachable:
            if not self._stale:
                raise
        self.send(target, kind, length, body(), timeout_s)
        return self.receive(interrupted)

    def send(
        self, target: str, kind: str, length: int, body: Iterable[bytes], timeout_s: float
    ) -> None:
        """Send one POST. Raises Unreachable.

        A server may answer and close before it has read all (a refusal): then ``receive`` tells.
        """
        self._reused = self._socket is not None
        self._stale = self._answered = False
        self._deadline = time.monotonic() + timeout_s
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {self.address.authority}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        ).encode("latin-1")
        try:
            if self._socket is None:
                self._open()
            self._buffer.clear()
            for block in body:
                self._send(head + block if head else block)
                head = b""
            if head:
                self._send(head)
        except (BrokenPipeError, ConnectionResetError):
            return
        except OSError as trouble:
            raise self._gone(trouble) from None

    def receive(self, interrupted: Callable[[], bool] | None = None) -> Answer:
        """Wait for the answer to what was sent. Raises Unreachable, Interrupted."""
        self._interrupted = interrupted
        try:
            status, headers = self._head()
            while 100 <= status < 200:
                status, headers = self._head()
            body = self._body(status, headers)
        except (OSError, ValueError) as trouble:
            raise self._gone(trouble) from None
        kept = headers.get("connection", "").lower()
        if kept == "close" or headers[""] == "HTTP/1.0":
            self.close()
        return Answer(status, body)

    def close(self) -> None:
        """Repeatable."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._buffer.clear()

    def _gone(self, trouble: Exception) -> Unreachable:
        # A kept connection that the other side has closed meanwhile is no news about the service.
        self._stale = self._reused and not self._answered and not isinstance(trouble, TimeoutError)
        self.close()
        return Unreachable(f"{self.address.authority}: {trouble}")

    def _open(self) -> None:
        address = self.address
        # Bytes, not text: text would be encoded by the "idna" codec, whose import takes 5 ms.
        found = _socket.getaddrinfo(
            address.host.encode("ascii"), address.port, 0, _socket.SOCK_STREAM
        )
        trouble: OSError = OSError(f"{address.host} has no address")
        for family, kind, protocol, _, where in found:
            opened = _socket.socket(family, kind, protocol)
            try:
                opened.settimeout(self._left(10.0))
                opened.connect(where)
                opened.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            except OSError as error:
                opened.close()
                trouble = error
                continue
            if address.secure:
                from towline_runner import trust

                self._socket = trust.wrap(opened, address.host)
            else:
                self._socket = opened
            return
        raise trouble

    def _left(self, at_most: float) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return min(left, at_most)

    def _send(self, data: bytes) -> None:
        assert self._socket is not None  # noqa: S101 - for the type checker: opened by send()
        view = memoryview(data)
        while view:
            self._socket.settimeout(self._left(_STALL_S))
            view = view[self._socket.send(view) :]

    def _more(self) -> bool:
        """Read once into the buffer; False at the end of the stream."""
        assert self._socket is not None  # noqa: S101 - for the type checker: opened by send()
        while True:
            step = 0.2 if self._interrupted else _STALL_S * 2
            self._socket.settimeout(self._left(step))
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                if self._interrupted is None:
                    raise
                if self._interrupted():
                    self.close()
                    raise Interrupted from None
                continue
            self._buffer += data
            self._answered = self._answered or bool(data)
            return bool(data)

    def _line(self) -> bytes:
        while True:
            end = self._buffer.find(b"\n")
            if end >= 0:
                line = bytes(self._buffer[:end]).rstrip(b"\r")
                del self._buffer[: end + 1]
                return line
            if len(self._buffer) > _MAX_HEAD:
                raise ValueError("the answer's header is too long")
            if not self._more():
                raise ValueError("the connection was closed before the answer was complete")

    def _head(self) -> tuple[int, dict[str, str]]:
        version, _, rest = self._line().decode("latin-1").partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ValueError("the answer is not HTTP")
        headers = {"": version}
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(rest[:3]), headers

    def _body(self, status: int, headers: dict[str, str]) -> bytes:
        if status in (204, 304):
            return b""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunked()
        if "content-length" in headers:
            return self._exactly(int(headers["content-length"]))
        headers["connection"] = "close"  # the end of the connection is the end of the body
        while self._more():
            self._refuse(len(self._buffer))
        return bytes(self._buffer)

    def _chunked(self) -> bytes:
        body = bytearray()
        while size := int(self._line().split(b";")[0], 16):
            body += self._exactly(size)
            self._refuse(len(body))
            self._line()
        while self._line():
            pass
        return bytes(body)

    def _exactly(self, size: int) -> bytes:
        self._refuse(size)
        while len(self._buffer) < size:
            if not self._more():
                raise ValueError("the connection was closed before the answer was complete")
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    @staticmethod
    def _refuse(size: int) -> None:
        if size > _MAX_BODY:
            raise ValueError("the answer is too long")
