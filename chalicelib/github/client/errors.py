"""How a call to GitHub can end other than with its answer. No text here ever holds a token."""

from __future__ import annotations


class GitHubError(Exception):
    """A call had no good end. Its text is a sentence that may be shown and logged."""


class TryLater(GitHubError):  # noqa: N818 - an answer of sorts
    """GitHub can't or won't answer now: the same call may be made again after ``after_s`` seconds.

    ``maybe_done`` says that GitHub may have carried the call out all the same, as its answer was
    lost: whoever creates something looks for it first. Nothing may be sent before then, as GitHub
    blocks Apps that go on while they are limited.
    """

    def __init__(self, message: str, *, after_s: float, maybe_done: bool = False) -> None:
        super().__init__(f"{message}; to be tried again in {after_s:.0f} s")
        self.after_s = after_s
        self.maybe_done = maybe_done


class Refused(GitHubError):  # noqa: N818 - an answer of sorts
    """GitHub said no, and would again: ``status`` is its HTTP status."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class NotFound(Refused):
    """It is not there, or not to be seen with this token: GitHub does not tell which."""


class NotAllowed(Refused):
    """The token is not valid, or lacks a permission."""


class Misunderstood(GitHubError):  # noqa: N818 - an answer of sorts
    """GitHub's answer is not what its description promises."""


class BadCredentials(GitHubError):  # noqa: N818 - an answer of sorts
    """The App's key or the token that was configured can't be used. Says what to do."""
