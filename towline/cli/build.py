"""``towline build list|show|approve|cancel|rerun``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from towline.cli.connect import ENVIRONMENT, add_connection_options, named
from towline.cli.parser import Commands, Parser, add_command
from towline.cli.problem import Problem
from towline.cli.project_name import project_name
from towline.cli.terminal import err, out

if TYPE_CHECKING:
    from towline.client.builds import Builds

APPROVE = """\
Let a build run that waits for approval: a pull request from a fork, by somebody who is new to the
project. Look at the change first: its jobs get no secrets, but they run. It counts for this commit
alone; the next one waits again. Does what GitHub's button 'Approve and run' does, which only the
App can show."""
RERUN = """\
Run a build's commit again, as a new build, and print its id. With --failed only what did not pass
is run, and what needs it; the other jobs keep their results."""


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "build", "list, show, approve, cancel and rerun builds", epilog=ENVIRONMENT
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listed = add_command(actions, "list", "list builds, newest first", epilog=ENVIRONMENT)
    listed.add_argument("--project", type=project_name, help="only of this project")
    listed.add_argument("-n", "--limit", type=int, default=20, help="at most so many (%(default)s)")
    listed.set_defaults(run=list_builds)
    _named(add_command(actions, "show", "show a build with its jobs", epilog=ENVIRONMENT), show)
    _named(
        add_command(
            actions, "approve", "let one run that waits", description=APPROVE, epilog=ENVIRONMENT
        ),
        approve,
    )
    _named(add_command(actions, "cancel", "cancel its jobs", epilog=ENVIRONMENT), cancel)
    again = add_command(actions, "rerun", "run one again", description=RERUN, epilog=ENVIRONMENT)
    again.add_argument("--failed", action="store_true", help="only the jobs that did not pass")
    _named(again, rerun)
    for action in actions.choices.values():
        action.add_argument("--json", action="store_true", help="print JSON")
        add_connection_options(action)


def list_builds(args: argparse.Namespace) -> int:
    from towline.cli.build_view import table
    from towline.cli.jobs_view import now_utc

    if args.limit < 1:
        raise Problem("--limit must be at least 1")
    builds = list(_builds(args).all(args.project, args.limit))
    if args.json:
        print(json.dumps({"builds": builds}, indent=2))
    elif builds:
        print("\n".join(table(builds, now_utc(), out())))
    else:
        err().say("no builds" + (" of that project" if args.project else " yet"))
    return 0


def show(args: argparse.Namespace) -> int:
    from towline.cli.build_view import page
    from towline.cli.jobs_view import now_utc

    build = _builds(args).one(args.build)
    if args.json:
        return _as_json(build)
    print("\n".join(page(build, now_utc(), out())))
    return 0


def approve(args: argparse.Namespace) -> int:
    builds = _builds(args)
    before = builds.one(args.build)
    build = builds.approve(args.build)
    if args.json:
        return _as_json(build)
    waited = "is approved" if before["held"] else "did not wait for approval: nothing is changed"
    err().say(f"build {build['id']} {waited}")
    return 0


def cancel(args: argparse.Namespace) -> int:
    build = _builds(args).cancel(args.build)
    if args.json:
        return _as_json(build)
    over = build["finished_at"] is not None
    how = f"was over already: {build['state']}" if over else "is being cancelled"
    done = "is cancelled" if build["state"] == "cancelled" else how
    err().say(f"build {build['id']} {done}")
    return 0


def rerun(args: argparse.Namespace) -> int:
    build = _builds(args).rerun(args.build, failed=args.failed)
    if args.json:
        return _as_json(build)
    sys.stdout.write(f"{build['id']}\n")
    return 0


def _builds(args: argparse.Namespace) -> Builds:
    from towline.client.builds import Builds

    return Builds(*named(args))


def _named(action: Parser, run: Any) -> None:
    action.add_argument("build", metavar="BUILD", help="the build's id")
    action.set_defaults(run=run)


def _as_json(build: dict[str, Any]) -> int:
    print(json.dumps(build, indent=2))
    return 0
