"""What a job wants checked out before its script starts: one commit of one repository."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from chalicelib.domain.model import Value

# Scheme, user, host with port, path; RFC 3986 without query and fragment.
ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:(?P<user>[^/@]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?/+(?P<path>[^/].*)\Z"
)
COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
# git-check-ref-format(1), and no character that a shell or a log would stumble over.
REF = re.compile(r"refs/[A-Za-z0-9][^\x00-\x20\x7f~^:?*\[\\]*\Z")
TOKEN_SECRET = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Submodules = Literal["none", "shallow", "recursive"]


class Checkout(Value):
    """Frozen like the spec that it is part of, so a rerun gets the same commit again."""

    repository_url: Annotated[str, Field(max_length=2000)] = Field(
        description="https address without user or password"
    )
    commit: str = Field(description="the commit's full name: 40 or 64 hex digits")
    ref: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None,
        description="where the commit is, such as refs/heads/main or refs/pull/7/merge; tells the "
        "job its branch, and helps with servers that do not give single commits",
    )
    depth: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=1, description="commits of history; 0: all of it, with all branches and tags"
    )
    submodules: Submodules = Field(
        default="none", description="shallow: the repository's own; recursive: theirs as well"
    )
    lfs: bool = Field(default=False, description="large files, where git-lfs is there")
    path: Annotated[str, Field(min_length=1, max_length=1000)] = Field(
        default=".", description="where in the working directory"
    )
    token_secret: str | None = Field(
        default=None, description="name of the project's secret that may read the repository"
    )

    @field_validator("repository_url")
    @classmethod
    def _url(cls, value: str) -> str:
        found = ADDRESS.match(value)
        if found is None or re.search(r"[\x00-\x20\x7f?#\\]", value):
            raise ValueError(
                f"{value[:200]!r} is not an https address such as https://host/owner/repository"
            )
        if found["user"] is not None:
            raise ValueError(
                "an address with a user or password would be kept in plain sight: leave them out, "
                "and name a secret of the project with token_secret"
            )
        return value

    @field_validator("commit", mode="before")
    @classmethod
    def _commit(cls, value: object) -> object:
        text = value.lower() if isinstance(value, str) else ""
        if not COMMIT.match(text):
            raise ValueError(
                f"{str(value)[:100]!r} is not a commit's full name of 40 or 64 hex digits; a "
                "branch or a short name may mean another commit tomorrow"
            )
        return text

    @field_validator("ref")
    @classmethod
    def _ref(cls, value: str | None) -> str | None:
        if value is not None and (not REF.match(value) or _malformed(value)):
            raise ValueError(
                f"{value[:200]!r} is not a full ref such as refs/heads/main or refs/pull/7/merge"
            )
        return value

    @field_validator("path")
    @classmethod
    def _path(cls, value: str) -> str:
        if value.startswith("/") or "\0" in value or ".." in value.split("/"):
            raise ValueError(f"{value!r} is not a path below the working directory")
        return value

    @field_validator("token_secret")
    @classmethod
    def _token_secret(cls, value: str | None) -> str | None:
        if value is not None and not TOKEN_SECRET.match(value):
            raise ValueError(f"{value!r} is not a secret's name: letters, digits and _ only")
        return value

    @model_validator(mode="after")
    def _token_stays_secret(self) -> Checkout:
        found = ADDRESS.match(self.repository_url)
        plain = found is not None and found["scheme"] == "http" and found["host"] not in _LOOPBACK
        if self.token_secret and plain:
            raise ValueError("a token is sent over https alone, but repository_url is http")
        return self


def _malformed(ref: str) -> bool:
    """The rest of git-check-ref-format(1)."""
    parts = ref.split("/")
    bad = any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    return bad or ".." in ref or "@{" in ref or ref.endswith(".")
