"""``towline enqueue``: hand a job to a service and leave."""

from __future__ import annotations

import argparse
import json

from towline.cli.complaint import in_options
from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.job_options import add_job_options, only_on_fargate, spec_of
from towline.cli.parser import Commands, add_command
from towline.cli.terminal import err
from towline.client.errors import Refused

DESCRIPTION = """\
Hand a job to the service at TOWLINE_URL and print its id. The job is stored when this returns.

  id=$(towline enqueue --image debian:12 script.sh)
  towline log -f "$id"; towline show "$id" """
SECRETS = (
    "hand the job this secret of its project, put there by 'towline secret set'; it is masked in "
    "the log; may be repeated"
)


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "enqueue",
        "hand a job to a service",
        description=DESCRIPTION,
        epilog=ENVIRONMENT,
    )
    parser.usage = "towline enqueue [options] [SCRIPT | - | -- COMMAND …]"
    add_job_options(parser, secrets=SECRETS)
    parser.add_argument(
        "--idempotency-key",
        metavar="KEY",
        help="a repeat with the same key gives the first job again instead of a second one",
    )
    parser.add_argument("--json", action="store_true", help="print the job as JSON")
    add_connection_options(parser)
    parser.set_defaults(run=enqueue, takes_command=True)


def enqueue(args: argparse.Namespace) -> int:
    spec = spec_of(args, args.command_after_dashes)
    try:
        service = connect(args)
        job = service.submit(spec, key=args.idempotency_key)
    except Refused as refused:
        raise in_options(refused) from None
    if args.spot:
        for sentence in only_on_fargate(spec, service.health()["backend"]):
            err().warn(sentence)
    print(json.dumps(job, indent=2) if args.json else job["id"])
    return 0
