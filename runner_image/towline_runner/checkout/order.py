"""What the runner tells the checkout to do: read once, from a pipe."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

NONE, SHALLOW, RECURSIVE = "none", "shallow", "recursive"


class Order:
    """Raises KeyError, TypeError, ValueError when it has another shape."""

    def __init__(self, given: dict[str, Any]) -> None:
        wanted = given["checkout"]
        self.url = str(wanted["repository_url"])
        self.commit = str(wanted["commit"])
        self.ref: str | None = wanted.get("ref")
        self.depth = int(wanted.get("depth", 1))
        self.submodules = str(wanted.get("submodules") or NONE)
        self.lfs = bool(wanted.get("lfs"))
        self.token = Token.of(wanted.get("token"), self.url)
        self.folder = str(given["folder"])
        self.environment: dict[str, str] = dict(given["environment"])
        self.scratch = str(given["scratch"])
        self.certificates: list[str] = list(given["certificates"])
        owner = given["owner"]
        self.owner: tuple[int, int, list[int]] | None = None if owner is None else tuple(owner)
        self.parent: int | None = given["parent"]
        self.progress_s = float(given["progress_s"])
        if not self.url.startswith(("https://", "http://")) or self.commit.startswith("-"):
            raise ValueError("a checkout has an http(s) address and a commit")


class Token:
    """Shown to one server alone: the scheme, host and port of the repository's address."""

    def __init__(self, username: str, password: str, url: str) -> None:
        self.username = username
        self.password = password
        self.server = server_of(url)

    @classmethod
    def of(cls, given: dict[str, Any] | None, url: str) -> Token | None:
        return None if given is None else cls(given["username"], given["password"], url)


def server_of(url: str) -> str:
    """``https://host[:port]/``, without a user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}/"
