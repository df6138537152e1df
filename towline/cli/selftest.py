"""``towline selftest``: scripts whose end is known, as real jobs; any difference is a failure."""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from towline.cli.local_options import add_backend_option, start_service
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import Terminal, err

if TYPE_CHECKING:
    from towline.selftest.case import Case
    from towline.selftest.executor import Result
    from towline.selftest.place import Place

DESCRIPTION = """\
Run scripts whose end is known as real jobs, through the real service and runner, and compare
verdict, exit code, signal and output bytes. Prints a line for each difference and the totals.

Cases that this backend, image or user can't run are named with the reason; --all makes them
failures. With the process backend only the cases run that can't harm a machine, never as root."""
EPILOG = """\
exit status:
  0  every case that was run ended as it should
  1  at least one did not (or, with --all, was left out)
  2  the command was used wrongly, or no service could be started

environment:
  TOWLINE_BACKEND      the default of --backend
  TOWLINE_RUNNER_BASE  base image that the runner's image is built on, on first use
  DOCKER_HOST          the Docker engine, when it is not the usual one
  TMPDIR               where the process backend's cases have their homes
  NO_COLOR             no colours, ever"""
NOBODY = "65534:65534"
DIFFERENT = 1


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "selftest",
        "check that verdicts can be trusted on this machine and image",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    add_backend_option(parser)
    parser.add_argument("--image", help="the image to run them in (default: the runner's own)")
    parser.add_argument("--user", help="run the cases as this user (default: the image's)")
    parser.add_argument(
        "--cases",
        type=Path,
        metavar="DIR",
        help="a folder of other cases, one directory each with case.json and script",
    )
    parser.add_argument(
        "--case",
        action="append",
        default=[],
        metavar="NAME",
        help="only this case, or those that match a pattern such as 'trap-*'; may be repeated",
    )
    parser.add_argument(
        "--keep-home",
        action="store_true",
        help="leave the image's home to the cases that bring none of their own",
    )
    parser.add_argument("--sample", action="store_true", help="a pairwise sample of the cases")
    parser.add_argument("--all", action="store_true", help="a case that is left out is a failure")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 2, metavar="N", help="so many at once"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from towline.selftest.case import CorpusError

    if args.jobs < 1:
        raise Problem("--jobs must be at least 1")
    try:
        return _run(args, err())
    except CorpusError as error:
        raise Problem(str(error)) from None


def _run(args: argparse.Namespace, terminal: Terminal) -> int:
    from towline.selftest.place import why_left_out
    from towline.selftest.suite import Changes, EngineOptions, Suite

    cases = chosen_cases(args.cases, args.case, sample=args.sample)
    options = EngineOptions()
    begun = time.monotonic()
    local = start_service(args.backend, terminal, host_options=options)
    changes = Changes(local.changes)
    # Not made here: it belongs to the jobs' user, so their runners make it.
    homes = Path(tempfile.gettempdir(), f"towline-selftest-{uuid.uuid4().hex}")
    try:
        suite = Suite(local.client, options, changes, at_once=args.jobs)
        place = suite.look_around(cases, _place(local.backend_name, args, str(homes)))
        left_out = {case.name: why for case in cases if (why := why_left_out(case, place))}
        runnable = [case for case in cases if case.name not in left_out]
        results = []
        for result in suite.run(runnable, place):
            results.append(result)
            if result.differences and not args.json:
                print(f"{result.case.name}: {'; '.join(result.differences)}", flush=True)
    finally:
        changes.close()
        local.close()
        shutil.rmtree(homes, ignore_errors=True)
    seconds = time.monotonic() - begun
    show = _show_json if args.json else _show
    show(results, left_out, seconds)
    different = any(result.differences for result in results)
    return DIFFERENT if different or (args.all and left_out) else 0


def chosen_cases(folder: Path | None, patterns: Sequence[str], *, sample: bool) -> list[Case]:
    """The cases asked for. Raises ``CorpusError`` or ``Problem`` in words."""
    from towline.selftest.directory_format import load_directory_corpus
    from towline.selftest.sample import pairwise_sample
    from towline.selftest.toml_format import load_toml_corpus

    cases = load_toml_corpus() if folder is None else load_directory_corpus(folder)
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(case.name, pattern) for case in cases):
            raise Problem(f"--case {pattern}: no case has that name, nor matches it")
    if patterns:
        cases = [
            case
            for case in cases
            if any(fnmatch.fnmatchcase(case.name, pattern) for pattern in patterns)
        ]
    return pairwise_sample(cases) if sample else cases


def _place(backend: str, args: argparse.Namespace, homes: str) -> Place:
    from towline.selftest.place import CONTAINER_HOME, Place

    if backend == "docker":
        return Place(True, args.image, args.user, CONTAINER_HOME, keeps_home=args.keep_home)
    if args.image is not None or args.keep_home:
        raise Problem("the process backend has no images: leave --image and --keep-home out")
    user = args.user
    if os.geteuid() == 0:
        user = user or NOBODY
        if user.split(":")[0] in ("0", "root"):
            raise Problem("scripts that misbehave on purpose are not run as root on this machine")
    return Place(False, None, user, homes)


def _show(results: Sequence[Result], left_out: dict[str, str], seconds: float) -> None:
    for why in sorted(set(left_out.values())):
        names = [name for name, reason in left_out.items() if reason == why]
        print(f"left out, {why}: {', '.join(names)}")
    different = sum(bool(result.differences) for result in results)
    print(
        f"{len(results) + len(left_out)} cases: {len(results) - different} as they should be, "
        f"{different} different, {len(left_out)} left out, in {seconds:.0f} s"
    )


def _show_json(results: Sequence[Result], left_out: dict[str, str], seconds: float) -> None:
    document: dict[str, Any] = {
        "cases": len(results) + len(left_out),
        "as_they_should_be": sum(not result.differences for result in results),
        "different": [
            {"name": result.case.name, "job": result.job_id, "differences": result.differences}
            for result in results
            if result.differences
        ],
        "left_out": left_out,
        "seconds": round(seconds, 1),
    }
    print(json.dumps(document, indent=2))
