"""Submodules, one by one: ``git submodule`` is a shell script, and an image may have no shell.

Each is made like the repository above it, with the same rules and with the token for the same
server alone.
"""

from __future__ import annotations

import os
import stat

from towline_runner.checkout import lfs, tree
from towline_runner.checkout.address import resolve
from towline_runner.checkout.failure import CheckoutFailed, GitFailed
from towline_runner.checkout.git import Git
from towline_runner.checkout.order import NONE, RECURSIVE, Order
from towline_runner.checkout.progress import tell

_LINK = "160000"
_DEEPEST = 20


def make_all(git: Git, order: Order, url: str, level: int = 1) -> None:
    """Those of the repository in ``git.folder``, whose address is ``url``. Raises CheckoutFailed.

    ``recursive`` goes into the submodules of submodules, ``shallow`` does not.
    """
    if order.submodules == NONE:
        return
    if level > _DEEPEST:
        raise CheckoutFailed(f"There are submodules in submodules more than {_DEEPEST} deep.")
    try:
        links = _links(git)
        known = _known(git) if links else {}
    except GitFailed as failed:
        raise CheckoutFailed(f"Git could not read the submodules ({failed.last_words}).") from None
    for path, commit in links:
        if path not in known:
            tell(f"submodule {path}: .gitmodules does not name it, so it stays empty")
            continue
        name, written = known[path]
        address = resolve(written, name, url)
        _register(git, name, address)
        tell(f"submodule {path}: {address} at {commit}")
        below = git.within(_folder(git.folder, path))
        tree.empty_folder(below.folder)
        tree.make(below, address, commit, None, order.depth)
        lfs.pull(below, order)
        if order.submodules == RECURSIVE:
            make_all(below, order, address, level + 1)


def _links(git: Git) -> list[tuple[str, str]]:
    """Path and commit of each submodule that the commit has."""
    found = []
    for entry in git.ask("ls-tree", "-r", "-z", "--full-tree", "HEAD").split("\0"):
        about, _, path = entry.partition("\t")
        mode, _, rest = about.partition(" ")
        if mode == _LINK:
            found.append((path, rest.split(" ")[1]))
    return found


def _known(git: Git) -> dict[str, tuple[str, str]]:
    """Path -> name and address, by the commit's own .gitmodules."""
    if not git.ask("ls-tree", "HEAD", "--", ".gitmodules"):
        return {}
    listed = git.ask("config", "--blob", "HEAD:.gitmodules", "-z", "--list")
    fields: dict[str, dict[str, str]] = {}
    for entry in listed.split("\0"):
        key, _, value = entry.partition("\n")
        section, _, rest = key.partition(".")
        name, _, field = rest.rpartition(".")
        if section == "submodule" and name:
            fields.setdefault(name, {})[field] = value
    return {
        field["path"].rstrip("/"): (name, field["url"])
        for name, field in fields.items()
        if "path" in field and "url" in field
    }


def _register(git: Git, name: str, address: str) -> None:
    """As ``git submodule init`` does, so that the script's own git knows it."""
    try:
        git.ask("config", f"submodule.{name}.url", address)
        git.ask("config", f"submodule.{name}.active", "true")
    except GitFailed:
        raise CheckoutFailed(f"A submodule can't have the name {name!r}.") from None


def _folder(top: str, path: str) -> str:
    """The submodule's folder, which lies in the repository without a symbolic link on the way."""
    folder = top
    for part in path.split("/"):
        folder = os.path.join(folder, part)
        try:
            is_folder = stat.S_ISDIR(os.lstat(folder).st_mode)
        except FileNotFoundError:
            is_folder = True
        if part in ("", ".", "..", ".git") or not is_folder:
            raise CheckoutFailed(f"The submodule {path!r} does not lie in a folder of its own.")
    return folder
