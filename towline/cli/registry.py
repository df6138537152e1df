"""``towline registry add|list|remove``: credentials for private job images."""

from __future__ import annotations

import argparse
import json

from towline.cli.complaint import in_options
from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.secret_value import secret_value
from towline.cli.terminal import err, out
from towline.client.errors import Refused

ADD = """\
Keep the user name and password that jobs' private images are pulled with; a job asks for them with
--registry-credentials NAME. The password is read from standard input (one line feed at its end is
dropped) or asked for on a terminal; it is never an argument, as process lists show those. It can't
be read back. The registry is shown them, and no other: a job whose image is elsewhere is refused.
A deployed service keeps them in AWS Secrets Manager. Adding a name again replaces it.

  towline registry add ghcr.io --username acme < token.txt
  towline registry add hub --registry docker.io --username acme < token.txt
  towline enqueue --image ghcr.io/acme/web:1 --registry-credentials ghcr.io build.sh"""
LIST = "List the names of registry credentials. On AWS a change may show only minutes later."


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "registry", "keep credentials for private job images", epilog=ENVIRONMENT
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    keep = add_command(actions, "add", "keep credentials", description=ADD, epilog=ENVIRONMENT)
    keep.add_argument("name", metavar="NAME", help="what jobs ask for; may be the registry's host")
    keep.add_argument("--username", required=True, metavar="U", help="the registry's user name")
    keep.add_argument(
        "--registry",
        metavar="HOST",
        help="the only registry that they are for, such as ghcr.io, or docker.io for Docker Hub "
        "(default: NAME, when that is a host)",
    )
    keep.set_defaults(run=add_registry)

    names = add_command(actions, "list", "list names", description=LIST, epilog=ENVIRONMENT)
    names.set_defaults(run=list_registries)

    remove = add_command(actions, "remove", "remove credentials", epilog=ENVIRONMENT)
    remove.add_argument("name", metavar="NAME", help="their name")
    remove.set_defaults(run=remove_registry)
    for action in (keep, names, remove):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_connection_options(action)


def add_registry(args: argparse.Namespace) -> int:
    registry = args.registry
    if registry is None:
        if "." not in args.name:
            raise Problem(
                f"{args.name} is not a registry's host: say which registry the credentials are "
                "for with --registry, such as --registry docker.io"
            )
        registry = args.name
    service = connect(args)
    try:
        service.set_registry(args.name, registry, args.username, _password(args.username))
    except Refused as refused:
        raise (Problem(str(refused)) if refused.field == "name" else in_options(refused)) from None
    return _done(args, "kept")


def list_registries(args: argparse.Namespace) -> int:
    kept = connect(args).registries()
    if args.json:
        print(json.dumps({"registries": kept}, indent=2))
        return 0
    if kept:
        width = max(4, *(len(entry["name"]) for entry in kept))
        print(out().paint(f"{'NAME':{width}}  REGISTRY", "bold"))
        for entry in kept:
            print(f"{entry['name']:{width}}  {entry['registry']}")
    else:
        err().say("no registry credentials are kept")
    return 0


def remove_registry(args: argparse.Namespace) -> int:
    connect(args).remove_registry(args.name)
    return _done(args, "removed")


def _done(args: argparse.Namespace, what: str) -> int:
    if args.json:
        print(json.dumps({"registry": args.name}))
    else:
        err().say(f"registry credentials {args.name} {what}")
    return 0


def _password(username: str) -> str:
    return secret_value("a password", question=f"password of {username}")
