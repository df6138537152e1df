"""Which backend local mode takes, and why."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.ports import ServiceTrouble

if TYPE_CHECKING:
    from chalicelib.ports import Backend
    from towline.backends.delivery import OnStop
    from towline.backends.docker_engine import Engine
    from towline.backends.docker_launch import HostOptions, Logins

DEFAULT_SOCKET = "/var/run/docker.sock"


class BackendProblem(Exception):  # noqa: N818 - the user's to mend, in words
    """The backend that was asked for can't be had; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``engine`` is None for the process backend. ``note`` says why it was taken, if it must."""

    name: str
    engine: Engine | None
    note: str


def choose(wanted: str) -> Choice:
    """``auto`` takes Docker when an engine answers. Raises ``BackendProblem``."""
    if wanted == "process":
        return Choice("process", None, "")
    if wanted == "auto" and no_engine_here():
        return Choice("process", None, "no Docker engine is here")
    from towline.backends.docker_engine import Engine

    engine = Engine()
    try:
        engine.check()
    except ServiceTrouble as trouble:
        engine.close()
        if wanted == "auto":
            return Choice("process", None, f"no Docker engine answers at {engine.address}")
        raise BackendProblem(str(trouble)) from None
    return Choice("docker", engine, f"the engine at {engine.address}")


def no_engine_here() -> bool:
    """True when no engine is configured and none has a socket here: loading the SDK is spared."""
    if os.environ.get("DOCKER_HOST"):
        return False
    try:
        return not stat.S_ISSOCK(os.stat(DEFAULT_SOCKET).st_mode)
    except OSError:
        return True


def process_backend(*, runner_url: str, on_stop: OnStop, owner: str) -> Backend:
    """The process backend. Raises ``BackendProblem`` where it can't work."""
    from towline.backends.process import ProcessBackend

    try:
        return ProcessBackend(runner_url=runner_url, on_stop=on_stop, owner=owner)
    except ServiceTrouble as trouble:
        raise BackendProblem(str(trouble)) from None


def docker_backend(
    *,
    runner_url: str,
    on_stop: OnStop,
    owner: str,
    network: str,
    progress: Callable[[str], None],
    host_options: HostOptions = lambda _: {},
    logins: Logins = lambda _: None,
) -> Backend:
    """The docker backend with its runner image, built now if need be. Raises ``BackendProblem``."""
    from towline.backends.docker import DockerBackend

    try:
        backend = DockerBackend(
            runner_url=runner_url,
            on_stop=on_stop,
            owner=owner,
            network=network,
            progress=progress,
            host_options=host_options,
            logins=logins,
        )
    except ServiceTrouble as trouble:
        raise BackendProblem(str(trouble)) from None
    try:
        backend.prepare()
    except ServiceTrouble as trouble:
        backend.close()
        raise BackendProblem(str(trouble)) from None
    return backend
