"""Which GitHub: github.com, a company's ``*.ghe.com`` or its own Enterprise Server.

https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Site:
    """Addresses without a trailing slash."""

    api_url: str
    web_url: str

    def clone_url(self, repository: str) -> str:
        """Where ``owner/repo`` is fetched from. Without credentials."""
        return f"{self.web_url}/{quote(repository, safe='/')}.git"


GITHUB_COM = Site("https://api.github.com", "https://github.com")


def site_of(text: str) -> Site:
    """From what a user configures: '' for github.com, or an Enterprise Server's address.

    Takes the address of its pages or of its API. Raises ``ValueError``, a sentence, for anything
    else; plain HTTP is taken for this machine alone.
    """
    given = text.strip().rstrip("/")
    try:
        parts = urlsplit(given)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValueError(f"GitHub's address {text[:200]!r} can't be read") from None
    if not given or (host in ("github.com", "api.github.com") and parts.scheme == "https"):
        return GITHUB_COM
    plain = parts.scheme == "http" and host in _LOOPBACK
    if not host or (parts.scheme != "https" and not plain):
        raise ValueError(
            f"GitHub's address {text[:200]!r} must begin with https://, as in "
            "https://github.example.com"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("GitHub's address must hold no user, password, query or fragment")
    if parts.path not in ("", "/api/v3"):
        raise ValueError(
            f"GitHub's address {text[:200]!r} must end with the host's name or with /api/v3"
        )
    shown = f"[{host}]" if ":" in host else host
    if host.endswith(".ghe.com"):
        name = host.removeprefix("api.")
        return Site(f"https://api.{name}", f"https://{name}")
    web = f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
    return Site(f"{web}/api/v3", web)
