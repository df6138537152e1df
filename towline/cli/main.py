"""The command ``towline``: finds the command asked for and turns every mistake into a sentence."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence

from towline.cli import (
    build,
    completion,
    costs,
    deploy,
    destroy,
    doctor,
    enqueue,
    github,
    inspect_jobs,
    lint,
    log_command,
    project,
    registry,
    run,
    schema,
    secret,
    selftest,
    token,
    up,
    version,
    webhook,
)
from towline.cli.exit_status import USAGE
from towline.cli.parser import Parser
from towline.cli.problem import Problem
from towline.cli.streams import let_go, open_closed_ones
from towline.cli.terminal import err

DESCRIPTION = "Runs jobs in containers of their own and gives verdicts that can be trusted."
EPILOG = """\
environment:
  TOWLINE_URL, TOWLINE_TOKEN  the service that the commands talk to
  TOWLINE_BACKEND             auto, docker or process: what run, up and selftest start jobs with
  TOWLINE_RUNNER_BASE         base image that the runner's image is built on
  DOCKER_HOST                 the Docker engine, when it is not the usual one
  NO_COLOR                    no colours, ever

'towline run -- true' needs no service: it brings its own and takes it down again.
'towline COMMAND --help' says more. Every command that shows something has --json."""

INTERRUPTED = 130
BROKEN_PIPE = 141
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def build_parser() -> Parser:
    """The whole command line as one parser; completion reads it, too."""
    parser = Parser(
        prog="towline",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version.text())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (
        run,
        up,
        enqueue,
        inspect_jobs,
        build,
        costs,
        log_command,
        secret,
        registry,
        token,
        project,
        github,
        deploy,
        destroy,
        selftest,
        lint,
        schema,
        webhook,
    ):
        module.add(commands)
    doctor.add(commands)
    completion.add(commands, build_parser)
    version.add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. Never raises for what the user did."""
    open_closed_ones()
    words, command = split_command(sys.argv[1:] if argv is None else argv)
    try:
        args = build_parser().parse_args(words)
        if command is not None and not getattr(args, "takes_command", False):
            raise Problem("only 'run' and 'enqueue' take a command after '--'")
        args.command_after_dashes = command
        status: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has left. Without this the interpreter complains at its end.
        let_go(sys.stdout)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        let_go(sys.stdout)
        err().fail(f"can't write: {os.strerror(error.errno)}")
        return USAGE
    except Exception as error:
        if not is_for_the_user(error):
            raise
        err().fail(str(error))
        return USAGE
    return status


def is_for_the_user(error: Exception) -> bool:
    """Whether its text is a sentence about something that the user can mend."""
    from towline.client.errors import ClientError

    return isinstance(error, Problem | ClientError)


def split_command(words: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """The words before the first ``--``, and those after it (None without one)."""
    words = list(words)
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1 :]
