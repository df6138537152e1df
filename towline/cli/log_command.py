"""``towline log``."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from typing import TYPE_CHECKING

from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.exit_status import TABLE, of_job
from towline.cli.jobs_view import state_word
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import VERDICT_COLOURS, err

if TYPE_CHECKING:
    from towline.client.service import LogPage

DESCRIPTION = """\
Print a job's log, byte for byte as it was written (secrets masked). The exit status says that the
log was printed, whatever the verdict, which --follow tells on stderr; with --exit-status it is the
verdict's, as of 'towline run', so that a script can wait for a job."""


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "log",
        "print a job's log, or follow it",
        description=DESCRIPTION,
        epilog=f"with --exit-status, {TABLE}\n\n{ENVIRONMENT}",
    )
    parser.add_argument("job", metavar="JOB", help="the job's id")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on until the job's end; Ctrl-C only leaves"
    )
    parser.add_argument(
        "--exit-status", action="store_true", help="with --follow: leave with the verdict's status"
    )
    parser.add_argument("--attempt", type=int, metavar="N", help="of this attempt (default: last)")
    parser.add_argument(
        "--offset", type=int, default=0, metavar="BYTES", help="begin after so many bytes"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help='one line of JSON for each piece: {"attempt": …, "offset": …, "next_offset": …, '
        '"gap": …, "data": …}, data in base64',
    )
    add_connection_options(parser)
    parser.set_defaults(run=print_log)


def print_log(args: argparse.Namespace) -> int:
    if args.offset < 0:
        raise Problem("--offset must not be negative")
    if args.exit_status and not args.follow:
        raise Problem("--exit-status waits for the verdict: it needs --follow")
    if args.follow and args.attempt is not None:
        raise Problem("--follow goes from attempt to attempt; leave --attempt out")
    if args.attempt is not None and args.attempt < 1:
        raise Problem("--attempt must be at least 1")
    from towline.cli.waiting import Patience, Waiting
    from towline.client.follow import follow, read_log

    service = connect(args)
    show = _show_json if args.json else show_bytes
    if args.follow:
        terminal = err()
        waiting = Waiting(service, args.job, terminal)

        def show_first(page: LogPage) -> None:
            waiting.log_began()
            show(page)

        job = follow(
            service,
            args.job,
            show_first,
            offset=args.offset,
            attention=waiting.look,
            patience=Patience(terminal),
        )
        if not args.json:
            colour = VERDICT_COLOURS.get(job["verdict"], "grey")
            terminal.say(terminal.paint(state_word(job), colour))
        return of_job(job) if args.exit_status else 0
    for page in read_log(service, args.job, offset=args.offset, attempt=args.attempt):
        show(page)
    return 0


def show_bytes(page: LogPage) -> None:
    """The bytes as they are, at once."""
    if page.gap:
        err().warn(f"{page.gap} bytes of the log never arrived")
    sys.stdout.buffer.write(page.data)
    sys.stdout.buffer.flush()


def _show_json(page: LogPage) -> None:
    value = {
        "attempt": page.attempt,
        "offset": page.offset,
        "next_offset": page.next_offset,
        "gap": page.gap,
        "data": base64.b64encode(page.data).decode(),
    }
    print(json.dumps(value), flush=True)
