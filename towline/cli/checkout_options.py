"""The options of a job's checkout, and what the service is told of them."""

from __future__ import annotations

import argparse
from typing import Any

from towline.cli.problem import Problem

OPTION_OF_FIELD = {
    "repository_url": "--checkout",
    "commit": "--checkout",
    "ref": "--ref",
    "depth": "--depth",
    "submodules": "--submodules",
    "lfs": "--lfs",
    "path": "--checkout-path",
    "token_secret": "--checkout-token",
}
"""What the user typed for a field of ``checkout``."""


def add_checkout_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("checkout (a commit in a fresh working directory)")
    group.add_argument(
        "--checkout",
        metavar="URL@SHA",
        help="an https address and the full name of a commit, to be there before the script starts",
    )
    group.add_argument(
        "--ref", help="where the commit is: refs/heads/main, refs/pull/7/merge, or a branch's name"
    )
    group.add_argument(
        "--depth", type=int, metavar="N", help="commits of history; 0 for all of it (default: 1)"
    )
    group.add_argument(
        "--submodules", choices=("none", "shallow", "recursive"), help="which to get (none)"
    )
    group.add_argument("--lfs", action="store_true", help="get large files, with git-lfs")
    group.add_argument(
        "--checkout-path", metavar="PATH", help="where in the working directory (default: .)"
    )
    group.add_argument(
        "--checkout-token",
        metavar="NAME",
        help="secret that may read the repository; git alone gets it, the script never does",
    )


def checkout_of(args: argparse.Namespace) -> dict[str, Any] | None:
    """As the service takes it; None: there is none. Raises ``Problem``."""
    given = {
        "ref": _full(args.ref),
        "depth": args.depth,
        "submodules": args.submodules,
        "lfs": args.lfs or None,
        "path": args.checkout_path,
        "token_secret": args.checkout_token,
    }
    rest = {name: value for name, value in given.items() if value is not None}
    if args.checkout is None:
        if rest:
            option = OPTION_OF_FIELD[next(iter(rest))]
            raise Problem(f"{option} says how to check out: say what with --checkout URL@SHA")
        return None
    url, found, commit = args.checkout.rpartition("@")
    if not found or "/" in commit:
        raise Problem(
            f"--checkout {args.checkout}: give an address, an @, and the full name of a commit, "
            "such as https://host/owner/repository@0123… ('git rev-parse HEAD' tells it)"
        )
    return {"repository_url": url, "commit": commit, **rest}


def _full(ref: str | None) -> str | None:
    """A plain name is a branch's."""
    return ref if ref is None or ref.startswith("refs/") else f"refs/heads/{ref}"
