"""Secrets, keys and tokens: what is kept for others, and what the service is opened with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.checkout import Checkout
from chalicelib.domain.job import Job


class SecretStore(Protocol):
    """A project's secrets (SSM Parameter Store). Values are never listed."""

    def put(self, project: str, name: str, value: str) -> None: ...

    def get(self, project: str, names: Iterable[str]) -> dict[str, str]:
        """The values that exist; names that do not are left out."""
        ...

    def names(self, project: str) -> list[str]: ...

    def delete(self, project: str, name: str) -> bool: ...


class NoCheckoutToken(Exception):  # noqa: N818 - an answer, told to the job's owner
    """No token can be had for a checkout, now or later; the text says why, for the owner."""


@dataclass(frozen=True, slots=True)
class CheckoutToken:
    """What a job's checkout shows to its repository's server, and to no other."""

    username: str
    password: str = field(repr=False)


class CheckoutTokens(Protocol):
    """Where a checkout's token comes from, asked at each claim, so that it may be short-lived."""

    def token(self, job: Job, checkout: Checkout) -> CheckoutToken | None:
        """One that may read, no more (``job.restricted``: a stranger's code comes after it). None:
        the repository is read without one. May be repeated. Raises ``NoCheckoutToken``, or
        ``ServiceTrouble`` when asking again may help."""
        ...


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What an image registry is shown. ``registry`` is the only one that may be shown it."""

    registry: str
    """Its host, with the port if it has one, such as ghcr.io; docker.io for Docker Hub."""
    username: str
    password: str = field(repr=False)


class RegistryCredentials(Protocol):
    """Logins for private job images, kept by name. Passwords are never listed."""

    def put(self, name: str, login: RegistryLogin) -> None:
        """Keep or replace one. May be repeated. Raises ``ValueError`` when it can't be kept."""
        ...

    def login(self, name: str) -> RegistryLogin | None:
        """With the password, for whoever talks to the registry."""
        ...

    def all(self) -> dict[str, str]:
        """The registry that each name is for."""
        ...

    def delete(self, name: str) -> bool: ...


class ServerKey(Protocol):
    def key(self) -> bytes:
        """At least 32 secret bytes that make claim tokens and leases. Cached."""
        ...


class Scope(StrEnum):
    SUBMIT = "submit"
    READ = "read"
    CANCEL = "cancel"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A bearer token as it is stored: its hash, never itself."""

    id: str
    name: str
    scopes: frozenset[Scope]
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    project: str | None = None
    """The only project whose jobs it is for; None: it is for all."""


class TokenStore(Protocol):
    def add(self, token: ApiToken) -> None: ...

    def find(self, token_id: str) -> ApiToken | None: ...

    def all(self) -> list[ApiToken]: ...

    def remove(self, token_id: str) -> bool: ...
