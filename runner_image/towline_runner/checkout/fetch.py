"""Getting exactly one commit from a server, whatever that server allows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from towline_runner.checkout import failure
from towline_runner.checkout.failure import CheckoutFailed, GitFailed
from towline_runner.checkout.git import Git
from towline_runner.checkout.progress import tell

TRIES = 4
FIRST_PAUSE_S = 1.0
# A commit that is not at a ref's tip is looked for further and further back.
DEEPER = (50, 1000)
_BRANCHES = "+refs/heads/*:refs/remotes/origin/*"


def fetch(
    git: Git,
    url: str,
    commit: str,
    ref: str | None,
    depth: int,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Have ``commit`` in the repository, ``depth`` commits deep (0: with all branches and tags).

    Raises CheckoutFailed in words.
    """
    attempt = _Attempt(git, url, pause)
    if depth == 0:
        attempt.get("--tags", _BRANCHES)
        if git.knows(commit):
            return
    limit = [f"--depth={depth}"] if depth else []
    # Most servers give any commit that they have; some only what a ref points to.
    exact = attempt.get(*limit, commit, allowed=(failure.UNADVERTISED,))
    if exact is None and git.knows(commit):
        return
    if exact is not None:
        tell("the server does not give single commits; looking for it in its branches")
    if ref is not None and _deeper(attempt, commit, ref, depth):
        return
    if depth:
        unshallow = ["--unshallow"] if _shallow(git) else []
        attempt.get(*unshallow, "--tags", _BRANCHES)
        if git.knows(commit):
            return
    raise CheckoutFailed(_gone(url, commit, ref))


def _deeper(attempt: _Attempt, commit: str, ref: str, depth: int) -> bool:
    steps = [[f"--depth={more}"] for more in (depth, *DEEPER) if more >= depth > 0]
    for limit in [*steps, ["--unshallow"]] if depth else [[]]:
        if limit == ["--unshallow"] and not _shallow(attempt.git):
            break
        if attempt.get(*limit, ref, allowed=(failure.NO_REF,)) is not None:
            return False
        if attempt.git.knows(commit):
            return True
    return False


def _shallow(git: Git) -> bool:
    return git.ask("rev-parse", "--is-shallow-repository").strip() == "true"


def _gone(url: str, commit: str, ref: str | None) -> str:
    where = f"{ref} has moved on without it" if ref else "none of its branches and tags has it"
    return (
        f"The commit {commit} can't be had from {url}: {where}. It was probably replaced by a "
        "force-push, or its branch removed."
    )


class _Attempt:
    """Fetches from one address, and again when the network was to blame."""

    def __init__(self, git: Git, url: str, pause: Callable[[float], None]) -> None:
        self.git = git
        self._url = url
        self._pause = pause

    def get(self, *what: str, allowed: tuple[str, ...] = ()) -> GitFailed | None:
        """None: it was fetched. A failure of an ``allowed`` kind is returned. Raises CheckoutFailed
        for all others, when they stay."""
        command = ["fetch", "--progress", "--no-recurse-submodules", "--force"]
        if "--tags" not in what:
            command.append("--no-tags")
        options = [word for word in what if word.startswith("--")]
        refs = [word for word in what if not word.startswith("--")]
        wait = FIRST_PAUSE_S
        for left in range(TRIES - 1, -1, -1):
            try:
                self.git.show(*command, *options, "--", "origin", *refs)
            except GitFailed as failed:
                if failed.kind in allowed:
                    return failed
                if failed.kind != failure.TROUBLE or not left:
                    raise CheckoutFailed(failure.sentence(failed, self._url)) from None
                seconds = wait * (1 + os.urandom(1)[0] / 512)
                tell(f"trying again in {seconds:.1f} s")
                self._pause(seconds)
                wait *= 2
            else:
                return None
        raise AssertionError("the last try returns or raises")
