"""GET over HTTPS to addresses that somebody else has named: public ones only.

A submitter names the image, so they name the host, and a registry names where to go for a token or
a blob. Each of these addresses could lead to what only this function can reach. So a name is
resolved once, every address of it must be public, and the connection goes to the address that was
looked at: a name that resolves otherwise the second time changes nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

WAIT_S = 2.5
"""For each wait; the inspector sees to the sum."""
MAX_BODY = 4 << 20
"""What registries take as a manifest (OCI distribution specification, "Pushing Manifests")."""

Resolve = Callable[[str, int], list[str]]


class Unreachable(Exception):  # noqa: N818 - an answer of sorts
    """No answer could be had, or none may be asked for. The text says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """``headers`` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# Older versions of Python take these for public; IANA's registry of special addresses does not.
_NOT_PUBLIC = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))


def addresses_of(host: str, port: int) -> list[str]:
    """Its IPv4 addresses: the only ones that a Lambda function outside a VPC can reach."""
    found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Whether it is on the internet: not loopback, link-local, private, shared or reserved."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    odd = parsed.is_multicast or any(parsed in network for network in _NOT_PUBLIC)
    return parsed.is_global and not odd


class GuardedHttps:
    """``local`` is for tests alone: any address, and plain HTTP to this machine."""

    def __init__(
        self,
        *,
        local: bool = False,
        resolve: Resolve = addresses_of,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._local = local
        self._resolve = resolve
        self._context = context

    def get(self, url: str, headers: Mapping[str, str], *, timeout_s: float, most: int) -> Reply:
        """One GET, following nothing. Raises ``Unreachable``, for a body over ``most`` bytes too.

        ``timeout_s`` is for each wait; the caller sees to the sum.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise Unreachable(f"{url[:200]!r} is not an address") from None
        plain = self._local and parts.scheme == "http"
        if not host or (parts.scheme != "https" and not plain):
            raise Unreachable(f"{url[:200]!r} is not an https address")
        port = port or (80 if plain else 443)
        address = self._address(host, port)
        try:
            connection = self._connect(host, port, address, timeout_s, plain=plain)
            try:
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("GET", target, headers={"User-Agent": "towline", **headers})
                answer = connection.getresponse()
                body = answer.read(most + 1)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as trouble:
            raise Unreachable(f"{host} did not answer: {trouble}") from trouble
        if len(body) > most:
            raise Unreachable(f"{host} answered with more than {most} bytes")
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)

    def _address(self, host: str, port: int) -> str:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as trouble:
            raise Unreachable(f"{host} is not known: {trouble}") from trouble
        if not found:
            raise Unreachable(f"{host} has no address")
        if not self._local and not all(is_public(address) for address in found):
            raise Unreachable(f"{host} is not on the internet, so it is not asked")
        return found[0]

    def _connect(
        self, host: str, port: int, address: str, timeout_s: float, *, plain: bool
    ) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        opened = socket.create_connection((address, port), timeout_s)
        if not plain:
            if self._context is None:
                self._context = ssl.create_default_context()
            try:
                opened = self._context.wrap_socket(opened, server_hostname=host)
            except BaseException:
                opened.close()
                raise
        connection.sock = opened
        return connection


def body_of(https: GuardedHttps, url: str) -> bytes | None:
    """What is at an address; None when it can't be had. For small things that need no header."""
    try:
        reply = https.get(url, {}, timeout_s=WAIT_S, most=MAX_BODY)
    except Unreachable:
        return None
    return reply.body if reply.status == 200 else None
