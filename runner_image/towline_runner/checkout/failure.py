"""What git's complaints mean: worth another try, a refusal, or something else to be told."""

from __future__ import annotations

import re

SHOWN_MOST = 400
_ADDRESS = re.compile(r"https?://[^\s']*")
_MARKS = ("fatal:", "error:", "remote:")

# A kind, and what git or the server says then, in small letters. The first that is found counts.
UNADVERTISED = "unadvertised"
NO_REF = "no_ref"
DENIED = "denied"
MISSING = "missing"
UNTRUSTED = "untrusted"
MOVED = "moved"
DISK = "disk"
TROUBLE = "trouble"
_SIGNS = (
    (UNADVERTISED, ("unadvertised object", "not our ref")),
    (NO_REF, ("couldn't find remote ref", "could not find remote ref")),
    (UNTRUSTED, ("certificate", "gnutls_handshake", "ssl peer")),
    (
        DENIED,
        (
            *("authentication failed", "could not read username", "could not read password"),
            *("returned error: 401", "returned error: 403", "terminal prompts disabled"),
        ),
    ),
    (MISSING, ("returned error: 404", "repository not found", "' not found")),
    (MOVED, ("returned error: 301", "returned error: 302", "returned error: 307")),
    (MOVED, ("returned error: 308", "redirect")),
    (DISK, ("no space left on device", "disk quota exceeded", "read-only file system")),
    (DISK, ("permission denied",)),
)


class CheckoutFailed(Exception):  # noqa: N818 - the report's own word
    """There will be no checkout; the text says why, in a sentence for the job's owner."""


class GitFailed(Exception):  # noqa: N818 - an answer
    """One command of git's ended with another status than 0."""

    def __init__(self, command: str, status: int, said: str) -> None:
        super().__init__(f"git {command} ended with status {status}")
        self.command = command
        self.status = status
        self.said = said

    @property
    def kind(self) -> str:
        # Without addresses: a repository may be called after any of these words.
        text = _ADDRESS.sub("", "\n".join(self._telling)).lower()
        for kind, signs in _SIGNS:
            if any(sign in text for sign in signs):
                return kind
        return TROUBLE

    @property
    def last_words(self) -> str:
        """The lines in which git or the server says what is wrong, as one."""
        return "; ".join(self._telling[-3:])[-SHOWN_MOST:] or str(self)

    @property
    def _telling(self) -> list[str]:
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        return [line for line in lines if line.startswith(_MARKS)] or lines


def sentence(failed: GitFailed, url: str) -> str:
    """Why nothing could be had from ``url``."""
    words = failed.last_words.rstrip(".")
    text = {
        DENIED: f"The server refuses access to {url}: the checkout's token is missing, has "
        "expired or may not read it",
        MISSING: f"The server knows no repository {url}, or does not show it with this token",
        UNTRUSTED: f"The certificate of the server of {url} is not trusted",
        MOVED: f"The server sends {url} to another address; give that one",
        DISK: "The checkout could not be written",
    }.get(failed.kind, f"Git could not get {url}")
    return f"{text} ({words})."
