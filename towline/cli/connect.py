"""The service that a command talks to, by ``TOWLINE_URL`` and ``TOWLINE_TOKEN``."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from towline.cli.problem import Problem

if TYPE_CHECKING:
    from towline.client.service import Service

ENVIRONMENT = """\
environment:
  TOWLINE_URL    address of the service (printed by 'towline up' and 'towline deploy')
  TOWLINE_TOKEN  its bearer token; never an option, so that no process list shows it
  NO_COLOR       no colours, ever"""


def add_connection_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", metavar="URL", help="address of the service (default: $TOWLINE_URL)"
    )


def connect(args: argparse.Namespace) -> Service:
    """A client. Raises ``Problem`` when address or token is missing."""
    from towline.client.service import Service

    return Service(*named(args))


def named(args: argparse.Namespace) -> tuple[str, str]:
    """Address and token. Raises ``Problem`` when one is missing."""
    url = args.url or os.environ.get("TOWLINE_URL", "")
    if not url:
        raise Problem(
            "no service is named: set TOWLINE_URL (and TOWLINE_TOKEN) as 'towline deploy' printed "
            "them, or start one here with 'towline up'"
        )
    token = os.environ.get("TOWLINE_TOKEN", "").strip()
    if not token:
        raise Problem(
            f"no token for {url}: set TOWLINE_TOKEN to the one that 'towline up', 'towline deploy' "
            "or 'towline token create' printed"
        )
    return url, token
