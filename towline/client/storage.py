"""Downloads from where a service keeps its logs, over a connection that is kept open."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
PIECE = 256 << 10


class NoSuchObject(Exception):  # noqa: N818 - an answer
    """There is none, or the link may not tell (HTTP 403, as S3 says to who has no right to list;
    an expired one is answered alike, but links are followed at once)."""


class StorageTrouble(Exception):  # noqa: N818 - worth another try
    """The object could not be read, or not to its end. The text says why."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(why)
        self.host = host


class Storage:
    """GETs whole objects. Sends nothing but the address: the link is all that it takes.

    Not for several threads at once.
    """

    def __init__(self) -> None:
        self._connection: http.client.HTTPConnection | None = None
        self._place = ("", "")

    def get(self, url: str) -> Iterator[bytes]:
        """An object's bytes in pieces. Raises ``NoSuchObject`` or ``StorageTrouble``."""
        parts = urlsplit(url)
        host = parts.netloc
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StorageTrouble(host, "its address is not one")
        whole = False
        try:
            response = self._ask(parts.scheme, host, f"{parts.path}?{parts.query}")
            _check(response.status, host)
            while piece := response.read(PIECE):
                whole = response.length == 0
                yield piece
            # A connection that was cut shows in nothing but this.
            if response.length:
                raise StorageTrouble(host, "the connection was cut")
            whole = True
        except ssl.SSLError as error:
            raise StorageTrouble(
                host, f"its certificate is not accepted ({error.reason})"
            ) from error
        except TimeoutError:
            raise StorageTrouble(host, "it does not answer") from None
        except OSError as error:
            raise StorageTrouble(host, error.strerror or str(error)) from error
        except http.client.HTTPException as error:
            raise StorageTrouble(host, f"it does not speak HTTP ({error!r})") from error
        finally:
            if not whole:  # what is still under way must not be taken for the next answer
                self.close()

    def close(self) -> None:
        """Close the connection; the next download opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, scheme: str, host: str, target: str) -> http.client.HTTPResponse:
        if self._place != (scheme, host):
            self.close()
            self._place = (scheme, host)
        if self._connection is not None:
            try:
                return self._send(self._connection, target)
            except (http.client.RemoteDisconnected, ConnectionError):
                self.close()  # it was kept for too long
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        self._connection = kind(host, timeout=CONNECT_TIMEOUT_S)
        self._connection.connect()
        self._connection.sock.settimeout(READ_TIMEOUT_S)
        return self._send(self._connection, target)

    @staticmethod
    def _send(connection: http.client.HTTPConnection, target: str) -> http.client.HTTPResponse:
        connection.request("GET", target, headers={"Accept-Encoding": "identity"})
        return connection.getresponse()


def _check(status: int, host: str) -> None:
    if status == http.HTTPStatus.OK:
        return
    if status in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.FORBIDDEN):
        raise NoSuchObject
    raise StorageTrouble(host, f"it answers with HTTP {status}")
