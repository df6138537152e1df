"""Large files, when the job asks for them and git-lfs is there."""

from __future__ import annotations

from towline_runner.checkout.failure import CheckoutFailed, GitFailed, sentence
from towline_runner.checkout.git import Git, find
from towline_runner.checkout.order import Order

PROGRAM = "git-lfs"


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
        # Its filters in the repository's own configuration, after the files were written: git-lfs
        # asks for them, and the script's git needs them to see no changes.
        git.ask("lfs", "install", "--local", "--skip-repo")
        git.show("lfs", "pull")
    except GitFailed as failed:
        raise CheckoutFailed(sentence(failed, f"the large files of {order.url}")) from None
