"""Large files, when the job asks for them and git-lfs is there."""

from __future__ import annotations

import os

from towline_runner.checkout.failure import CheckoutFailed, GitFailed, sentence
from towline_runner.checkout.git import Git, find
from towline_runner.checkout.order import Order

PROGRAM = "git-lfs"
# https://github.com/git-lfs/git-lfs/blob/main/docs/man/git-lfs-install.adoc
_FILTERS = (
    ("filter.lfs.clean", "clean -- %f"),
    ("filter.lfs.smudge", "smudge -- %f"),
    ("filter.lfs.process", "filter-process"),
)


def check(order: Order, path: str) -> None:
    """Before anything is fetched. Raises CheckoutFailed."""
    if order.lfs and find(PROGRAM, path) is None:
        raise CheckoutFailed(
            "The checkout asks for large files (lfs), but there is no git-lfs: neither the "
            "runner's image nor the job's has it. Use an image with git-lfs, or leave lfs out."
        )


def pull(git: Git, order: Order) -> None:
    """Replace the pointers of the checked out files. Raises CheckoutFailed."""
    if not order.lfs:
        return
    try:
        _set_filters(git, order)
        git.show("lfs", "pull")
    except GitFailed as failed:
        raise CheckoutFailed(sentence(failed, f"the large files of {order.url}")) from None


def _set_filters(git: Git, order: Order) -> None:
    """In the repository's own configuration, after the files were written: git-lfs asks for them,
    and the script's git needs them to see no changes. The image's own git-lfs is named as every
    clone names it; the runner's by its place, which the script's PATH does not show."""
    if find(PROGRAM, order.environment.get("PATH", os.defpath)) is not None:
        git.ask("lfs", "install", "--local", "--skip-repo")
        return
    program = find(PROGRAM, git.environment["PATH"])
    for name, arguments in _FILTERS:
        git.ask("config", "--local", name, f"{program} {arguments}")
    git.ask("config", "--local", "filter.lfs.required", "true")
