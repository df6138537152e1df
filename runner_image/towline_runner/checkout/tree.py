"""One repository made from nothing: its folder, its commit, its files."""

from __future__ import annotations

import os

from towline_runner.checkout import failure
from towline_runner.checkout.failure import CheckoutFailed, GitFailed
from towline_runner.checkout.fetch import fetch
from towline_runner.checkout.git import Git

_SHA256_DIGITS = 64


def make(git: Git, url: str, commit: str, ref: str | None, depth: int) -> None:
    """Fetch the commit into the empty folder of ``git`` and check it out, on no branch.

    Raises CheckoutFailed in words.
    """
    kind = "sha256" if len(commit) == _SHA256_DIGITS else "sha1"
    try:
        git.ask("init", "--quiet", "--template=", f"--object-format={kind}")
        git.ask("remote", "add", "origin", "--", url)
        fetch(git, url, commit, ref, depth)
        if ref is not None:
            git.ask("update-ref", _local(ref), commit)
        git.show("checkout", "--progress", "--force", "--detach", commit, "--")
        found = git.ask("rev-parse", "--verify", "HEAD").strip()
    except GitFailed as failed:
        raise CheckoutFailed(_words(failed, git.folder, commit)) from None
    if found != commit:
        raise CheckoutFailed(f"{commit} is no commit: it leads to {found}. Give that one.")


def empty_folder(path: str) -> None:
    """Make the folder, or take an empty one that is there. Raises CheckoutFailed."""
    try:
        os.makedirs(path, mode=0o755, exist_ok=True)
        filled = bool(os.listdir(path))
        writable = os.access(path, os.W_OK | os.X_OK, effective_ids=True)
    except OSError as trouble:
        raise CheckoutFailed(
            f"The checkout's folder {path} can't be made by the job's user: {trouble.strerror}."
        ) from None
    if filled:
        raise CheckoutFailed(
            f"The checkout's folder {path} is not empty, and nothing that is there is replaced. "
            "Give another working directory or path, or none."
        )
    if not writable:
        raise CheckoutFailed(
            f"The checkout's folder {path} can't be written by the job's user. Give another "
            "working directory, or none, for a fresh one."
        )


def _local(ref: str) -> str:
    """Where a server's ref is kept here, as a clone would."""
    if ref.startswith("refs/tags/"):
        return ref
    branch = ref.removeprefix("refs/heads/")
    return f"refs/remotes/origin/{branch.removeprefix('refs/')}"


def _words(failed: GitFailed, folder: str, commit: str) -> str:
    what = failed.last_words.rstrip(".")
    if failed.kind == failure.DISK:
        return f"The checkout could not be written to {folder} ({what})."
    return f"Git could not check out {commit} in {folder} ({what})."
