"""The checkout from the order to the files, as the job's user."""

from __future__ import annotations

import os
import resource
import tempfile

from towline_runner import codec, kernel
from towline_runner.checkout import configuration, lfs, submodules, tree
from towline_runner.checkout.failure import CheckoutFailed
from towline_runner.checkout.git import Git, find
from towline_runner.checkout.order import Order
from towline_runner.checkout.progress import tell

# git beside the interpreter in the runner's folder; see runner_image/assemble.py.
OWN_GIT = "git"
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
_IMAGES_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


def main() -> None:
    """Raises CheckoutFailed."""
    order = Order(codec.loads(_all(0)))
    _become(order)
    os.umask(0o022)
    where = f" ({order.ref})" if order.ref else ""
    tell(f"checkout of {order.url} at {order.commit}{where}")
    git, scratch = _git(order)
    try:
        lfs.check(order, git.environment["PATH"])
        tree.empty_folder(order.folder)
        tree.make(git, order.url, order.commit, order.ref, order.depth)
        lfs.pull(git, order)
        submodules.make_all(git, order, order.url)
    finally:
        if scratch is not None:
            os.unlink(scratch)
    tell("checkout done")


def _all(descriptor: int) -> bytes:
    data = b""
    while block := os.read(descriptor, 1 << 16):
        data += block
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, descriptor)
    os.close(null)
    return data


def _become(order: Order) -> None:
    """Take on the job's user, with nothing of ours for other processes or a core file to read."""
    # Once before as well: afterwards the interpreter's files may be out of this user's reach.
    kernel.hide_memory()
    if order.owner is not None:
        uid, gid, groups = order.owner
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kernel.hide_memory()
    if order.parent is not None:  # outside of a container nobody else ends us with the runner
        kernel.die_with_parent()
        if os.getppid() != order.parent:
            raise CheckoutFailed("The runner is gone.")


def _git(order: Order) -> tuple[Git, str | None]:
    """Git, and a file that is to be removed afterwards."""
    theirs = order.environment.get("PATH", _DEFAULT_PATH)
    own = _own_folder()
    program = find("git", *([own] if own else []), theirs, _DEFAULT_PATH)
    if program is None:
        raise CheckoutFailed(
            "There is no git: neither the runner nor the job's image brings one. Build the "
            "runner's image on a base with git, or use an image that has it."
        )
    brought = own is not None and os.path.dirname(program) == own
    ca_file, scratch = _certificates(order)
    environment = configuration.build(
        order,
        path=f"{own}:{theirs}" if brought else theirs,
        exec_path=own if brought else None,
        ca_file=ca_file,
    )
    return Git(program, environment, order.folder, order.progress_s), scratch


def _own_folder() -> str | None:
    """The runner's own git: in a folder beside the one of the runner's package."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = os.path.join(os.path.dirname(os.path.dirname(package)), OWN_GIT)
    return folder if os.path.isfile(os.path.join(folder, "git")) else None


def _certificates(order: Order) -> tuple[str | None, str | None]:
    """Git takes one file of certificates: the only one, or a new one of all of them. Like the
    runner itself it trusts the public ones, those of the job's image, and those that were given."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    bundle = os.path.join(os.path.dirname(os.path.dirname(package)), "etc", "ca-certificates.crt")
    wanted = dict.fromkeys((bundle, *_IMAGES_BUNDLES, *order.certificates))
    files = [file for file in wanted if os.path.isfile(file)]
    if len(files) < 2 or not order.scratch:
        return (files[0] if files else None), None
    try:
        target, name = tempfile.mkstemp(prefix="certificates-", dir=order.scratch)
        with os.fdopen(target, "wb") as opened:
            for file in files:
                with open(file, "rb") as source:
                    opened.write(source.read() + b"\n")
    except OSError as trouble:
        raise CheckoutFailed(
            f"The certificates for git could not be written: {trouble.strerror}."
        ) from None
    return name, name
