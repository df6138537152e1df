"""``towline lint``: whether the repository's file is right, and what it would run."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

from towline.cli.parser import Commands, add_command
from towline.cli.plan_view import plan_lines
from towline.cli.problem import Problem
from towline.cli.terminal import err, out

if TYPE_CHECKING:
    from chalicelib.repofile.planned import Event, Plan
    from chalicelib.repofile.problems import Problem as FileProblem
    from chalicelib.repofile.repository_file import RepositoryFile

KNOWN = (".towline.yml", ".travis.yml")
EVENTS = ("push", "pull_request", "schedule", "manual")
WRONG = 1

DESCRIPTION = """\
Check a .towline.yml (or a plain .travis.yml) and say what is wrong, with line and column. With
--plan, or any option that describes an event, also print the jobs that the event would run.

  towline lint --plan --branch main
  towline lint --event pull_request --branch main --path src/app.py
  towline lint --tag v1.2"""
STATUS = """\
exit status:
  0  the file is right (warnings don't count)
  1  the file is wrong
  2  the command was used wrongly, or there is no file"""


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "lint", "check the repository's file", description=DESCRIPTION, epilog=STATUS
    )
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the file (default: .towline.yml here, else .travis.yml); the format goes by the name",
    )
    parser.add_argument("--plan", action="store_true", help="print the jobs that would run")
    event = parser.add_argument_group("the event that the plan is for")
    event.add_argument("--event", choices=EVENTS, help="what happened (default: push)")
    ref = event.add_mutually_exclusive_group()
    ref.add_argument(
        "--branch",
        metavar="NAME",
        help="the pushed branch, or the one a pull request is to be merged into (default: main)",
    )
    ref.add_argument("--tag", metavar="NAME", help="a pushed tag, instead of a branch")
    event.add_argument(
        "--path",
        action="append",
        metavar="PATH",
        help="a changed file; may be repeated (default: the changes are not known)",
    )
    event.add_argument("--message", metavar="TEXT", help="the commit's message, for [skip ci]")
    event.add_argument("--schedule", metavar="NAME", help="the schedule, for --event schedule")
    parser.add_argument("--json", action="store_true", help="print problems and plan as JSON")
    parser.set_defaults(run=lint)


def lint(args: argparse.Namespace) -> int:
    """0 for a right file, 1 for a wrong one. Raises ``Problem`` where there is none to read."""
    from chalicelib.repofile.plan import plan
    from chalicelib.repofile.problems import FileError

    event = _event(args)
    path = _path(args.file)
    content = _content(path)
    try:
        file = _read(path, content)
    except FileError as wrong:
        return _wrong(args, path, wrong.problems)
    made = plan(file, event) if _wants_plan(args) else None
    if args.json:
        print(json.dumps(_as_json(path, (), file.warnings, made), indent=2))
        return 0
    for warning in file.warnings:
        err().line(f"{warning.shown(path)} {err().paint('(warning)', 'yellow')}")
    if made is not None:
        print("\n".join(plan_lines(made, file, out())))
    else:
        err().say(f"{path} is right: {_counted(len(file.jobs), 'job')}{_warned(file)}")
    return 0


def _wrong(args: argparse.Namespace, path: str, problems: tuple[FileProblem, ...]) -> int:
    if args.json:
        print(json.dumps(_as_json(path, problems, (), None), indent=2))
    else:
        for problem in problems:
            print(problem.shown(path))
        err().fail(f"{path} is wrong: {_counted(len(problems), 'problem')}")
    return WRONG


def _read(path: str, content: bytes) -> RepositoryFile:
    if os.path.basename(path).removeprefix(".").startswith("travis"):
        from chalicelib.repofile.travis.reader import read_travis

        return read_travis(content)
    from chalicelib.repofile.reader import read

    return read(content)


def _path(given: str | None) -> str:
    if given is not None:
        return given
    for name in KNOWN:
        if os.path.exists(name):
            return name
    raise Problem("there is neither a .towline.yml nor a .travis.yml here: name the file to check")


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            # One more than is read, so that a file that is too large is told as such.
            return file.read((64 << 10) + 1)
    except OSError as error:
        raise Problem(f"{path} can't be read: {os.strerror(error.errno or 0)}") from None


def _wants_plan(args: argparse.Namespace) -> bool:
    asked = (args.event, args.branch, args.tag, args.path, args.message, args.schedule)
    return args.plan or any(value is not None for value in asked)


def _event(args: argparse.Namespace) -> Event:
    from chalicelib.repofile.planned import Event

    kind = args.event or ("schedule" if args.schedule is not None else "push")
    if args.schedule is not None and kind != "schedule":
        raise Problem(f"--schedule goes with --event schedule, not with {kind}")
    if kind == "schedule" and args.schedule is None:
        raise Problem("--event schedule needs --schedule NAME: which of the file's is due")
    if args.tag is not None and kind in ("pull_request", "schedule"):
        raise Problem(f"--tag goes with a push or a manual build, not with {kind}")
    branch = None if args.tag is not None else args.branch or "main"
    return Event(
        kind=kind,
        branch=branch,
        tag=args.tag,
        message=args.message or "",
        paths=None if args.path is None else tuple(args.path),
        schedule=args.schedule,
    )


def _as_json(
    path: str,
    problems: tuple[FileProblem, ...],
    warnings: tuple[FileProblem, ...],
    made: Plan | None,
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "file": path,
        "ok": not problems,
        "problems": [_problem(problem) for problem in problems],
        "warnings": [_problem(warning) for warning in warnings],
    }
    if made is not None:
        shown["plan"] = made.model_dump(mode="json")
    return shown


def _problem(problem: FileProblem) -> dict[str, Any]:
    return {
        "line": problem.mark.line,
        "column": problem.mark.column,
        "where": problem.where,
        "message": problem.text,
    }


def _warned(file: RepositoryFile) -> str:
    return f", {_counted(len(file.warnings), 'warning')}" if file.warnings else ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
