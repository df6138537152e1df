"""What ``deploy`` and ``destroy`` have in common: the account, and how failures are told."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towline.cli.problem import Problem
from towline.cli.terminal import Terminal

if TYPE_CHECKING:
    from towline.deploy.account import Account

ENVIRONMENT = """\
environment:
  AWS_PROFILE                  the default of --profile
  AWS_REGION, AWS_DEFAULT_REGION  the default of --region
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
                               credentials, where no profile is used
  AWS_ENDPOINT_URL             an emulator's address, instead of AWS
  TOWLINE_RUNNER_BASE          base image that the runner's image is built on
  DOCKER_HOST                  the Docker engine, when it is not the usual one
  NO_COLOR                     no colours, ever"""
FAILED = 1


@dataclass(slots=True)
class Ended:
    """The command's exit status."""

    status: int = 0


def add_account_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stage", default="dev", metavar="NAME", help="which deployment (%(default)s)"
    )
    parser.add_argument(
        "--region", metavar="REGION", help="such as eu-west-1 (default: the profile's)"
    )
    parser.add_argument(
        "--profile", metavar="NAME", help="a profile of ~/.aws/config (default: $AWS_PROFILE)"
    )


def opened(args: argparse.Namespace, terminal: Terminal) -> Account:
    """The account that the command works in, told to the user before anything happens in it."""
    from towline.deploy.account import open_account
    from towline.deploy.names import check_stage

    check_stage(args.stage)
    account = open_account(region=args.region, profile=args.profile)
    terminal.say(
        f"stage {args.stage}, account {account.id}, region {account.region}, as {account.arn}"
    )
    return account


@contextmanager
def in_words(terminal: Terminal) -> Iterator[Ended]:
    """What fails inside becomes a sentence and an exit status, Ctrl-C a hint."""
    from towline.deploy.errors import Declined, DeployError, DeployFailed

    ended = Ended()
    try:
        yield ended
    except (DeployFailed, Declined) as failed:
        terminal.fail(str(failed))
        ended.status = FAILED
    except DeployError as error:
        raise Problem(str(error)) from None
    except KeyboardInterrupt:
        terminal.line("")
        terminal.say(
            "interrupted; what CloudFormation has begun it goes on with by itself. Repeating the "
            "command is safe, once it is done"
        )
        raise
