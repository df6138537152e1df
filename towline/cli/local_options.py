"""The options of the commands that bring a service of their own: ``run`` and ``up``."""

from __future__ import annotations

import argparse
import errno
import os
from typing import TYPE_CHECKING

from towline.cli.problem import Problem
from towline.cli.terminal import Terminal

if TYPE_CHECKING:
    from towline.backends.docker_launch import HostOptions
    from towline.local.local_github import LocalGitHub
    from towline.local.service import LocalService

BACKENDS = ("auto", "docker", "process")

ADDRESS_TROUBLE = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM)
NO_ISOLATION = (
    "the process backend isolates nothing: a job runs as you, on this machine, with all that you "
    "may do; --cpu and --memory do not apply, and there are no images"
)


def add_backend_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default=os.environ.get("TOWLINE_BACKEND") or "auto",
        help="what starts the job: docker (containers), process (no isolation at all), or auto: "
        "docker when an engine answers (default: $TOWLINE_BACKEND or auto)",
    )


def start_service(
    backend: str,
    terminal: Terminal,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    host_options: HostOptions = lambda _: {},
    warnings: bool = False,
    github: LocalGitHub | None = None,
) -> LocalService:
    """Start it and say which backend was taken. Raises ``Problem`` in words.

    ``warnings``: say what the service warns of, besides its errors.
    """
    from towline.cli.service_log import speak
    from towline.local.backend_choice import BackendProblem
    from towline.local.service import LocalService

    if backend not in BACKENDS:
        raise Problem(f"TOWLINE_BACKEND is {backend!r}: it must be one of {', '.join(BACKENDS)}")
    speak(terminal, warnings=warnings, builds=github is not None)
    try:
        service = LocalService.start(
            backend,
            host=host,
            port=port,
            progress=terminal.say,
            host_options=host_options,
            github=github,
        )
    except BackendProblem as problem:
        raise Problem(str(problem)) from None
    except OSError as error:
        if error.errno in ADDRESS_TROUBLE:
            other = "; --port 0 takes any free one" if port else ""
            raise Problem(f"can't listen on {host} port {port}: {error.strerror}{other}") from None
        raise Problem(f"the service can't be started: {error.strerror or error}") from None
    except RuntimeError as error:
        if "new thread" not in str(error):
            raise
        raise Problem(
            "the service can't be started: no thread can be made; are there too many processes "
            "(ulimit -u)?"
        ) from None
    why = f" ({service.backend_note})" if service.backend_note else ""
    terminal.say(f"backend: {service.backend_name}{why}")
    if service.backend_name == "process":
        terminal.warn(NO_ISOLATION)
    return service
