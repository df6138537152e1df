"""One HTTP request and its answer. Follows nothing, repeats nothing, knows nothing of GitHub."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

IDLE_S = 15.0
"""A connection that was idle for longer is not used again: Lambda freezes between two events, and
the other side has closed it by then."""
MOST_IDLE = 2
_PIECE = 64 << 10

Clock = Callable[[], float]
"""Seconds that only go forward."""


@dataclass(frozen=True, slots=True)
class Request:
    """Headers and body hold tokens, so neither is shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """``headers`` by lower-case name. The body may be a token, so it is not shown."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class NoAnswer(Exception):  # noqa: N818 - an answer of sorts
    """Nothing, or not all of it, came back. ``sent``: the request may have been carried out."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class TooLong(Exception):  # noqa: N818 - an answer of sorts
    """The answer has more bytes than are taken. It would have them again."""


class Transport(Protocol):
    """Whatever carries a request: HTTPS, or a test's."""

    def __call__(self, request: Request, *, timeout_s: float, most: int) -> Response:
        """The answer, at most ``most`` bytes of body, within ``timeout_s`` seconds in all.

        Raises ``NoAnswer`` or ``TooLong``.
        """
        ...


class HttpTransport:
    """HTTPS with certificates checked, or plain HTTP where the address says so.

    Connections are kept for the next request. May be used by several threads.
    """

    def __init__(
        self, *, clock: Clock = time.monotonic, context: ssl.SSLContext | None = None
    ) -> None:
        self._clock = clock
        self._context = context
        self._lock = threading.Lock()
        self._idle: list[tuple[tuple[str, str], float, http.client.HTTPConnection]] = []

    def __call__(self, request: Request, *, timeout_s: float, most: int) -> Response:
        parts = urlsplit(request.url)
        origin = (parts.scheme, parts.netloc)
        until = self._clock() + timeout_s
        connection = self._take(origin) or self._open(origin)
        connection.timeout = timeout_s
        try:
            self._connect(connection, parts.netloc, timeout_s)
            answer, body = self._exchange(connection, request, until, most)
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._give_back(origin, connection)
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, headers, body)

    def close(self) -> None:
        """Close what is kept. The next request opens anew."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, _, connection in idle:
            connection.close()

    def _connect(
        self, connection: http.client.HTTPConnection, where: str, timeout_s: float
    ) -> None:
        try:
            if connection.sock is None:
                connection.connect()
            else:
                connection.sock.settimeout(timeout_s)
        except (OSError, UnicodeError) as trouble:
            raise NoAnswer(f"{where} can't be reached: {trouble}", sent=False) from None

    def _exchange(
        self, connection: http.client.HTTPConnection, request: Request, until: float, most: int
    ) -> tuple[http.client.HTTPResponse, bytes]:
        parts = urlsplit(request.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(
                request.method, target, body=request.body, headers=dict(request.headers)
            )
            answer = connection.getresponse()
            body = self._read(connection, answer, until, most)
        except (OSError, http.client.HTTPException) as trouble:
            told = type(trouble).__name__ if not isinstance(trouble, TimeoutError) else "too slow"
            raise NoAnswer(f"{parts.netloc} gave no answer ({told})", sent=True) from None
        except ValueError:
            # http.client quotes a header that it can't send, and that could be the token.
            raise NoAnswer(
                f"the request to {parts.netloc} holds what can't be sent", sent=False
            ) from None
        return answer, body

    def _read(
        self,
        connection: http.client.HTTPConnection,
        answer: http.client.HTTPResponse,
        until: float,
        most: int,
    ) -> bytes:
        """All of the body. A timeout of sockets is for each wait; ``until`` is for the sum."""
        pieces, size = [], 0
        while piece := answer.read1(_PIECE):
            size += len(piece)
            left = until - self._clock()
            if size > most:
                raise TooLong(f"the answer has more than {most} bytes")
            if left <= 0:
                raise TimeoutError
            if connection.sock is not None:
                connection.sock.settimeout(left)
            pieces.append(piece)
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        answer.close()  # frees the connection for the next request
        return b"".join(pieces)

    def _open(self, origin: tuple[str, str]) -> http.client.HTTPConnection:
        scheme, where = origin
        if scheme == "http":
            return http.client.HTTPConnection(where)
        if self._context is None:
            self._context = ssl.create_default_context()
        return http.client.HTTPSConnection(where, context=self._context)

    def _take(self, origin: tuple[str, str]) -> http.client.HTTPConnection | None:
        now, found = self._clock(), None
        with self._lock:
            kept, self._idle = self._idle, []
            for entry in kept:
                if entry[1] + IDLE_S < now:
                    entry[2].close()
                elif found is None and entry[0] == origin:
                    found = entry[2]
                else:
                    self._idle.append(entry)
        return found

    def _give_back(self, origin: tuple[str, str], connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append((origin, self._clock(), connection))
                return
        connection.close()
