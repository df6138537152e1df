"""The address of a submodule, as its repository writes it, made one that can be fetched from."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from towline_runner.checkout.failure import CheckoutFailed
from towline_runner.checkout.order import server_of

# user@host:path, as ssh is often written; a Windows drive has one letter.
_SCP = re.compile(r"(?:[^@/:]+@)?([A-Za-z0-9.-]{2,}):(?!//)(.+)\Z")


def resolve(written: str, name: str, parent: str) -> str:
    """The http(s) address of submodule ``name``. ``parent``: the address of its repository.

    Relative addresses are taken from the parent's, as git-submodule(1) says. Addresses for ssh on
    the parent's own server become http(s) ones: there is no key here. Raises CheckoutFailed.
    """
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in written):
        raise _refused(written, name, "it holds blanks or control characters")
    if written.startswith(("./", "../")):
        return _relative(written, name, parent)
    scp = _SCP.match(written)
    if scp is not None and "::" not in written:
        return _over_http(scp.group(1), scp.group(2), written, name, parent)
    parts = urlsplit(written)
    if parts.scheme == "ssh" and parts.hostname:
        return _over_http(parts.hostname, parts.path, written, name, parent)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _refused(written, name, "only https addresses and relative ones can be used")
    if parts.scheme == "http" and not parent.startswith("http:"):
        raise _refused(written, name, "it is not encrypted; use https")
    return server_of(written) + parts.path.lstrip("/")


def _relative(written: str, name: str, parent: str) -> str:
    server = server_of(parent)
    folders = [part for part in urlsplit(parent).path.split("/") if part]
    for part in written.split("/"):
        if part == "..":
            if not folders:
                raise _refused(written, name, f"it leads out of {server}")
            folders.pop()
        elif part not in ("", "."):
            folders.append(part)
    return server + "/".join(folders)


def _over_http(host: str, path: str, written: str, name: str, parent: str) -> str:
    if host.lower() != urlsplit(parent).hostname:
        raise _refused(written, name, "it wants ssh, and a job has no key")
    return server_of(parent) + path.lstrip("/")


def _refused(written: str, name: str, why: str) -> CheckoutFailed:
    return CheckoutFailed(
        f"The submodule {name!r} has the address {written[:200]!r}, which can't be used: {why}."
    )
