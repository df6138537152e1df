"""``towline webhook replay``."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import err

SECRET = "TOWLINE_GITHUB_WEBHOOK_SECRET"
DESCRIPTION = """\
Send a recorded delivery of GitHub's to a service, signed with its webhook secret: to try a service
on this machine, or to send again what was lost. A delivery that the service has taken before starts
nothing again, unless --new gives it another id and its content has changed.

FILE is a delivery as GitHub's API shows it (gh api repos/OWNER/REPO/hooks/ID/deliveries/ID), or a
payload alone, then with --event.

  towline webhook replay push.json --event push"""
EPILOG = f"""\
environment:
  TOWLINE_URL  address of the service
  {SECRET}
               the webhook's secret, when --secret is not given"""


def add(commands: Commands) -> None:
    parser = add_command(commands, "webhook", "send recorded deliveries of GitHub's")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    again = add_command(
        actions, "replay", "send one to a service", description=DESCRIPTION, epilog=EPILOG
    )
    again.add_argument("file", metavar="FILE", help="the recorded delivery")
    again.add_argument("--event", metavar="NAME", help="such as push, when FILE does not say")
    again.add_argument(
        "--secret", metavar="SECRET", help=f"for services on this machine; else use ${SECRET}"
    )
    again.add_argument("--new", action="store_true", help="send it under a new id")
    again.add_argument("--url", metavar="URL", help="the service (default: $TOWLINE_URL)")
    again.add_argument("--json", action="store_true", help="print JSON")
    again.set_defaults(run=replay_delivery)


def replay_delivery(args: argparse.Namespace) -> int:
    import uuid

    from towline.client.webhook import read_recorded, replay

    url = args.url or os.environ.get("TOWLINE_URL", "")
    secret = args.secret or os.environ.get(SECRET, "")
    if not url:
        raise Problem("no service is named: set TOWLINE_URL, or start one with 'towline up'")
    if not secret:
        raise Problem(f"no secret to sign it with: set {SECRET} to the webhook's secret")
    try:
        recorded = read_recorded(Path(args.file).read_bytes(), args.event)
    except OSError as trouble:
        raise Problem(f"{args.file} can't be read: {trouble.strerror or trouble}") from None
    except ValueError as wrong:
        raise Problem(f"{args.file} is no recorded delivery: {wrong}") from None
    told = replay(url, recorded, secret, guid=str(uuid.uuid4()) if args.new else "")
    if args.json:
        print(json.dumps({"status": told.status, "said": told.said, "build": told.build}))
    if told.status >= 400:
        raise Problem(f"the service refused it with status {told.status}: {told.said}")
    if not args.json:
        what = told.said or "nothing follows from it"
        if told.build and told.build not in what:
            what += f": build {told.build}, if the repository's file has jobs for it"
        err().say(what)
    return 0
