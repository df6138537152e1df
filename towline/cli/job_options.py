"""The options that describe a job, the same for ``run`` and ``enqueue``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from chalicelib.domain.quantities import (
    parse_cpu,
    parse_duration,
    parse_size,
    parse_size_mib,
)
from towline.cli.checkout_options import OPTION_OF_FIELD as CHECKOUT_OPTION_OF_FIELD
from towline.cli.checkout_options import add_checkout_options, checkout_of
from towline.cli.environment import FORMAT, job_environment
from towline.cli.problem import Problem
from towline.cli.script_source import script_or_command

MAX_NAME = 200
"""What the service takes."""

T = TypeVar("T")

OPTION_OF_FIELD = {
    "timeout_s": "--timeout",
    "silence_timeout_s": "--silence-timeout",
    "grace_s": "--grace",
    "memory_mib": "--memory",
    "max_memory_mib": "--max-memory",
    "enabled": "--enable",
    "log_limit_bytes": "--log-limit",
    "retry_lost": "--retry-lost",
    "pids_limit": "--pids-limit",
    "capacity": "--spot",
    "secrets": "--secret",
    "script": "the script",
    "script_base64": "the script",
    "command": "the command",
}
"""What the user typed for a field that the service complains of; others are named alike."""


def add_job_options(parser: argparse.ArgumentParser, *, secrets: str) -> None:
    """Add them. ``secrets`` says where the values of ``--secret`` come from."""
    parser.add_argument(
        "script",
        nargs="*",
        metavar="SCRIPT",
        help="path of the script, or '-' for standard input (also when no script is named); "
        "after '--' comes a command instead, run as it is",
    )
    what = parser.add_argument_group("what the job gets")
    what.add_argument("--image", help="the image to run in (default: the runner's own)")
    what.add_argument(
        "--registry-credentials",
        metavar="NAME",
        help="pull the image with these, kept by 'towline registry add' (default: anonymously)",
    )
    what.add_argument(
        "-e",
        "--env",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="a variable; NAME alone passes your value on; may be repeated",
    )
    what.add_argument(
        "--env-file",
        action="append",
        default=[],
        metavar="FILE",
        help=f"variables from a file: {FORMAT}; --env wins over it",
    )
    what.add_argument("--secret", action="append", default=[], metavar="NAME", help=secrets)
    what.add_argument("--user", help="name, uid or uid:gid to run as (default: the image's)")
    what.add_argument("--workdir", metavar="PATH", help="absolute path to run in")
    what.add_argument(
        "--project", help="whose job and secrets (default: the token's own project, or 'default')"
    )
    what.add_argument(
        "--name",
        default="",
        help="a name for people, shown in lists (default: the script's or program's)",
    )
    add_checkout_options(parser)
    limits = parser.add_argument_group("limits (TIME is 90s, 15m, 2h or 1h30m; SIZE is 512m or 2g)")
    limits.add_argument("--timeout", metavar="TIME", help="the longest it may run (default: 1h)")
    limits.add_argument(
        "--silence-timeout", metavar="TIME", help="the longest it may print nothing (default: none)"
    )
    limits.add_argument(
        "--grace", metavar="TIME", help="between TERM and KILL when it is ended (default: 10s)"
    )
    limits.add_argument("--cpu", metavar="N", help="virtual CPUs, such as 0.5 or 2 (default: 1)")
    limits.add_argument("--memory", metavar="SIZE", help="memory (default: 2g)")
    limits.add_argument(
        "--arch", choices=("x86_64", "arm64"), help="processor and image (default: x86_64)"
    )
    limits.add_argument(
        "--spot",
        action="store_true",
        help="Fargate Spot: cheaper, may be interrupted; the last attempt is on demand",
    )
    limits.add_argument("--log-limit", metavar="SIZE", help="of log kept, head and tail (1g)")
    limits.add_argument(
        "--retry-lost",
        type=int,
        metavar="N",
        help="new attempts after its host was lost (0)",
    )


def spec_of(args: argparse.Namespace, command: Sequence[str] | None) -> dict[str, Any]:
    """The spec as the service takes it. Raises ``Problem`` in words.

    Only what can't be written is checked here; what is allowed the service knows.
    """
    spec = script_or_command(args.script, command)
    spec["name"] = args.name or _usual_name(args.script, command)
    _put(spec, "project", args.project)
    spec["env"] = job_environment(args.env_file, args.env)
    spec["secrets"] = list(dict.fromkeys(args.secret))
    for name in ("image", "registry_credentials", "user", "workdir", "arch"):
        if getattr(args, name) is not None:
            spec[name] = getattr(args, name)
    for name, field in (
        ("timeout", "timeout_s"),
        ("silence_timeout", "silence_timeout_s"),
        ("grace", "grace_s"),
    ):
        option = f"--{name.replace('_', '-')}"
        _put(spec, field, _read(parse_duration, getattr(args, name), option))
    _put(spec, "memory_mib", _read(parse_size_mib, args.memory, "--memory"))
    _put(spec, "log_limit_bytes", _read(parse_size, args.log_limit, "--log-limit"))
    _put(spec, "cpu", _read(parse_cpu, args.cpu, "--cpu"))
    _put(spec, "retry_lost", args.retry_lost)
    if args.spot:
        spec["capacity"] = "spot"
    _put(spec, "checkout", checkout_of(args))
    return spec


def only_on_fargate(spec: dict[str, Any], backend: str) -> list[str]:
    """What of the job means nothing to this backend, each in a sentence."""
    if backend == "ecs" or spec.get("capacity") != "spot":
        return []
    return [f"--spot changes nothing here: the {backend} backend has one kind of capacity"]


def _usual_name(scripts: Sequence[str], command: Sequence[str] | None) -> str:
    """What people would call it. Not the whole command: an argument of it may be a secret."""
    path = (command or scripts or ("",))[0]
    return "" if path == "-" else os.path.basename(path)[:MAX_NAME]


def option_of(field: str) -> str:
    """The option behind a field of the service's complaint, such as ``spec.timeout_s``."""
    name, _, below = field.removeprefix("spec.").partition(".")
    if name == "checkout":
        return CHECKOUT_OPTION_OF_FIELD.get(below.split(".")[0], "--checkout")
    return OPTION_OF_FIELD.get(name, f"--{name.replace('_', '-')}")


def _put(spec: dict[str, Any], field: str, value: object) -> None:
    if value is not None:
        spec[field] = value


def _read(parse: Callable[[str], T], text: str | None, option: str) -> T | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise Problem(f"{option}: {error}") from None
