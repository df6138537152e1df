"""A case as the job that the service is asked to run."""

from __future__ import annotations

import base64
from typing import Any

from towline.selftest.case import HOME_MARK, Case, CaseFile
from towline.selftest.content import Content
from towline.selftest.place import Place

PROJECT = "selftest"
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_TIMEOUT_S = 180.0
"""For cases without a timeout: a case that hangs should not hang the selftest for an hour."""
DEFAULT_GRACE_S = 2.0
PLAIN_USER = "1000:1000"
"""By number: an image need not know the user by name."""
_USERS = {"root": "0:0", "plain": PLAIN_USER}


def job_spec(case: Case, place: Place, home: str) -> dict[str, Any]:
    """The body of ``POST /jobs`` for this case; ``home`` is its own directory, not made yet."""
    limits = case.limits
    own_home = not place.keeps_home or bool(case.home) or _mentions_home(case)
    spec: dict[str, Any] = {
        "project": PROJECT,
        "name": case.name[:200],
        "image": place.image,
        "user": _USERS[case.user] if case.user is not None else place.user,
        "env": environment(case, home if own_home else None),
        "files": [*([{"path": f"{home}/"}] if own_home else []), *_files(case, home)],
        "timeout_s": limits.timeout_s or DEFAULT_TIMEOUT_S,
        "grace_s": limits.grace_s if limits.grace_s is not None else DEFAULT_GRACE_S,
    }
    script = _encoded(case.script)
    if case.shell is not None and "-c" in case.shell:
        # The text is in the shell's argv; the script is only a file beside it.
        spec["command"] = list(case.shell)
        spec["files"].append({"path": "script", "content_base64": script, "mode": case.mode})
    else:
        spec["script_base64"] = script
        spec["script_mode"] = case.mode
        spec["shell"] = list(case.shell) if case.shell is not None else None
    if limits.silence_s is not None:
        spec["silence_timeout_s"] = limits.silence_s
    if limits.memory_bytes is not None:
        spec["memory_mib"] = max(1, limits.memory_bytes >> 20)
    if limits.pids is not None:
        spec["pids_limit"] = limits.pids
    if limits.log_limit_bytes is not None:
        spec["log_limit_bytes"] = limits.log_limit_bytes
    return spec


def environment(case: Case, home: str | None) -> dict[str, str | None]:
    """The three variables that expectations presuppose, and the case's own.

    Without a ``home`` the image's is left as it is.
    """
    env: dict[str, str | None] = {"PATH": SEARCH_PATH, "LANG": "C.UTF-8"}
    if home is not None:
        env["HOME"] = home
    for name, value in case.env.items():
        env[name] = None if value is None else value.replace(HOME_MARK, home or "")
    return env


def _mentions_home(case: Case) -> bool:
    return any(HOME_MARK in (value or "") for value in case.env.values())


def engine_options(case: Case) -> dict[str, Any]:
    """What only a container engine can give, in the words of its ``HostConfig``."""
    if not case.limits.tmpfs:
        return {}
    return {"Tmpfs": {path: f"size={size},mode=1777" for path, size in case.limits.tmpfs.items()}}


def _files(case: Case, home: str) -> list[dict[str, Any]]:
    return [
        *(_file(item, item.path) for item in case.files),
        *(_file(item, f"{home}/{item.path}") for item in case.home),
        *(_file(item, item.path) for item in case.image_files),
    ]


def _file(item: CaseFile, path: str) -> dict[str, Any]:
    return {"path": path, "content_base64": _encoded(item.content), "mode": item.mode}


def _encoded(content: Content) -> str:
    return base64.b64encode(content.data).decode("ascii")
