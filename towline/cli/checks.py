"""The checks of ``towline doctor``. None of them changes anything, and none raises."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from towline.cli.local_options import BACKENDS
from towline.cli.up import DEFAULT_PORT

if TYPE_CHECKING:
    from towline.backends.docker_engine import Engine

OLDEST_PYTHON = (3, 11)
PACKAGES = ("boto3", "chalice", "pydantic", "docker", "moto", "aws-lambda-powertools")
FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """``wrong``: no job can run here. ``warning``: some can't, or not all is as it should be."""

    check: str
    state: Literal["ok", "warning", "wrong"]
    found: str
    mend: str = ""


def examine(url: str | None) -> list[Finding]:
    """All checks, in the order in which one would mend things."""
    backends = [process_backend(), *engine()]
    return [python(), packages(), *backends, *wanted(backends), port(), disk(), *service(url)]


def python() -> Finding:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", "wrong", version, "install Python 3.11 or newer")
    return Finding("python", "ok", f"{version} at {sys.executable}")


def packages() -> Finding:
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(
            "packages", "wrong", f"missing: {', '.join(missing)}", "install Towline: pip install ."
        )
    return Finding("packages", "ok", ", ".join(found))


def process_backend() -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding(
            "process", "warning", f"not on {sys.platform}", "use --backend docker on this machine"
        )
    if not os.path.isdir("/proc/self"):
        return Finding(
            "process", "warning", "/proc is not mounted", "mount it, or use --backend docker"
        )
    return Finding("process", "ok", "jobs can run as plain processes (which isolates nothing)")


def engine() -> list[Finding]:
    """The Docker engine, and what the docker backend needs of it."""
    from chalicelib.ports import ServiceTrouble
    from towline.backends.docker_engine import Engine

    client = Engine()
    try:
        client.check()
    except ServiceTrouble:
        found = f"no engine answers at {client.address}"
        return [Finding("docker", "warning", found, _mend_engine(client.address))]
    try:
        version = str(client.client.version().get("Version", "?"))
        return [Finding("docker", "ok", f"engine {version} at {client.address}"), _runner(client)]
    finally:
        client.close()


def wanted(backends: Sequence[Finding]) -> list[Finding]:
    """What TOWLINE_BACKEND asks for: then another backend that works is of no use."""
    name = os.environ.get("TOWLINE_BACKEND")
    if not name:
        return []
    if name not in BACKENDS:
        mend = f"set it to one of {', '.join(BACKENDS)}, or unset it"
        return [Finding("backend", "wrong", f"TOWLINE_BACKEND is {name!r}", mend)]
    works = name == "auto" or all(b.state == "ok" for b in backends if b.check == name)
    if works:
        return [Finding("backend", "ok", f"TOWLINE_BACKEND is {name}")]
    found = f"TOWLINE_BACKEND is {name}, which can't be used (see above)"
    return [Finding("backend", "wrong", found, "mend that, or unset TOWLINE_BACKEND")]


def _runner(client: Engine) -> Finding:
    from towline.runner_build import DEFAULT_BASE

    base = os.environ.get("TOWLINE_RUNNER_BASE") or DEFAULT_BASE
    if client.image(base) is None:
        return Finding(
            "runner image",
            "warning",
            f"its base {base} is not on the engine; the first job pulls it",
            "without a registry, name an image that you have: TOWLINE_RUNNER_BASE=…",
        )
    return Finding("runner image", "ok", f"base {base}; built on first use")


def _mend_engine(address: str) -> str:
    path = address.removeprefix("unix://")
    if not address.startswith("unix://"):
        return "check DOCKER_HOST, or unset it for the engine of this machine"
    try:
        is_socket = stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return "install and start one (Debian: apt-get install docker.io), or use --backend process"
    if is_socket and not os.access(path, os.R_OK | os.W_OK):
        return f"you may not use {path}: join its group (sudo usermod -aG docker {_user()})"
    return "start the engine (systemctl start docker), or use --backend process"


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "$USER"


def port() -> Finding:
    import socket

    with socket.socket() as prober:
        prober.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            prober.bind(("127.0.0.1", DEFAULT_PORT))
        except OSError as error:
            return Finding(
                "port",
                "warning",
                f"127.0.0.1:{DEFAULT_PORT}: {error.strerror}",
                "'towline up' needs another one: --port 0 takes any",
            )
    return Finding("port", "ok", f"127.0.0.1:{DEFAULT_PORT} is free for 'towline up'")


def disk() -> Finding:
    import tempfile

    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "warning"] = "ok" if free >= FREE_BYTES else "warning"
    return Finding(
        "disk",
        state,
        f"{free >> 20} MiB free in {folder}",
        "" if state == "ok" else "make room, or set TMPDIR to a larger file system",
    )


def service(url: str | None) -> list[Finding]:
    """The service that the other commands would talk to, when one is named."""
    from towline import __version__
    from towline.client.errors import ClientError
    from towline.client.service import Service

    url = url or os.environ.get("TOWLINE_URL")
    if not url:
        return []
    try:
        client = Service(url, os.environ.get("TOWLINE_TOKEN"))
        health = client.health()
        next(iter(client.jobs({}, 1)), None)
    except ClientError as error:
        return [Finding("service", "wrong", _first(str(error)), _rest(str(error)))]
    theirs = str(health.get("version"))
    if theirs != __version__:
        found = f"{url} is version {theirs}, this command is {__version__}"
        return [Finding("service", "warning", found, "use the same version on both sides")]
    return [Finding("service", "ok", f"{url}, version {theirs}, token accepted")]


def _first(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".")


def _rest(text: str) -> str:
    return text.partition(". ")[2]
