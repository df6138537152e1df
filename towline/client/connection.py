"""One HTTP connection to a service, kept open, with every failure turned into a sentence."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from towline.client.errors import (
    BadAddress,
    NotTowline,
    Refused,
    ServiceUnreachable,
    TokenRefused,
)

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 35.0
"""API Gateway gives up after 29 s, so an answer that takes longer never comes."""
LARGE_BODY = 1 << 16
TOO_LONG_AGO = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)
"""What a kept connection says that the service has closed meanwhile."""


class Connection:
    """JSON in, JSON out. Not for several threads at once.

    A request may be sent twice when a kept connection turns out to be closed: each of the service's
    routes can be repeated (submitting carries an idempotency key).
    """

    def __init__(self, url: str, token: str | None) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:  # a bracket without its other one
            raise _bad_address(url) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or not _is_plain(url):
            raise _bad_address(url)
        if token and not _is_plain(token):
            raise TokenRefused(
                "the token holds a space, a line's end or a character that no token has. "
                "Check TOWLINE_TOKEN."
            )
        try:
            self._port = parts.port
        except ValueError:
            raise BadAddress(f"{url!r} has a port that is not a number below 65536") from None
        self.url = url.rstrip("/")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._base = parts.path.rstrip("/")
        self._token = token
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Any:
        """The parsed answer. Raises a ``ClientError`` for anything but a success."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"Accept": "application/json", **(headers or {})}
        if data is not None:
            sent["Content-Type"] = "application/json"
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        try:
            status, answer = self._exchange(method, self._base + path, data, sent)
        except ssl.SSLError as error:
            raise self._unreachable(f"its certificate is not accepted ({error.reason})") from error
        except TimeoutError:
            raise self._unreachable("it does not answer") from None
        except socket.gaierror:
            raise self._unreachable(f"there is no host named {self._host}") from None
        except OSError as error:
            raise self._unreachable(error.strerror or str(error)) from error
        except http.client.HTTPException as error:
            raise NotTowline(f"what answers at {self.url} does not speak HTTP: {error}") from error
        return self._read(status, answer)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        for kept in (self._connection is not None, False):
            if self._connection is None:
                self._connection = self._open()
            try:
                self._send(self._connection, method, path, data, headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except TOO_LONG_AGO:
                self.close()
                if not kept:
                    raise
            except BaseException:
                # An answer that is still under way must not be taken for the next one's.
                self.close()
                raise
        raise AssertionError("the second try returns or raises")

    @staticmethod
    def _send(
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        data: bytes | None,
        headers: dict[str, str],
    ) -> None:
        try:
            connection.request(method, path, data, headers)
        except (BrokenPipeError, ConnectionResetError):
            # A service that refuses a large body answers before it has read it all. What it said
            # is there to be read; when nothing is, reading says that the connection is closed.
            if connection.sock is None or not data or len(data) < LARGE_BODY:
                raise

    def _open(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=CONNECT_TIMEOUT_S)
        connection.connect()
        connection.sock.settimeout(ANSWER_TIMEOUT_S)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _unreachable(self, why: str) -> ServiceUnreachable:
        return ServiceUnreachable(
            f"can't reach the service at {self.url}: {why[:1].lower()}{why[1:]}. "
            "Is it running, and is TOWLINE_URL right? 'towline up' starts one on this machine."
        )

    def _read(self, status: int, answer: bytes) -> Any:
        try:
            value = json.loads(answer) if answer else {}
        except ValueError:
            value = None
        if 200 <= status < 300 and value is not None:
            return value
        error = value.get("error") if isinstance(value, dict) else None
        if isinstance(error, dict) and isinstance(error.get("message"), str):
            message, code = error["message"], str(error.get("code", ""))
            if status == 401:
                raise TokenRefused(f"{_sentence(message)} Check TOWLINE_TOKEN.")
            if status == 403:
                raise TokenRefused(_sentence(message))
            raise Refused(status, code, _sentence(message), error.get("field"))
        if status >= 500:
            raise ServiceUnreachable(
                f"the service at {self.url} is in trouble (HTTP {status}); try again in a moment"
            )
        raise NotTowline(
            f"what answers at {self.url} is not a Towline service of this version (HTTP {status}); "
            "check TOWLINE_URL"
        )


def _bad_address(url: str) -> BadAddress:
    return BadAddress(
        f"{url!r} is not an address of a service: it should look like "
        "http://127.0.0.1:8080 or https://….execute-api.eu-west-1.amazonaws.com/api"
    )


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else text + "."
