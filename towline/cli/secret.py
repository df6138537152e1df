"""``towline secret set|list|rm``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from towline.cli.complaint import in_options
from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.parser import Commands, Parser, add_command
from towline.cli.problem import Problem
from towline.cli.project_name import project_name
from towline.cli.secret_value import secret_value
from towline.cli.terminal import err
from towline.client.errors import Refused

if TYPE_CHECKING:
    from towline.client.service import Service

SET = """\
Keep a secret for a project's jobs. The value is read from standard input (one line feed at its end
is dropped), asked for on a terminal, or taken from a variable with --from-env; it is never an
argument, as process lists show those. It can't be read back. A deployed service keeps it in SSM
Parameter Store."""


def add(commands: Commands) -> None:
    parser = add_command(commands, "secret", "keep, list and remove secrets", epilog=ENVIRONMENT)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    keep = add_command(actions, "set", "keep a secret", description=SET, epilog=ENVIRONMENT)
    keep.add_argument("name", metavar="NAME", help="what jobs ask for with --secret NAME")
    keep.add_argument("--from-env", metavar="VAR", help="take the value of this variable")
    _common(keep, "print the name as JSON")
    keep.set_defaults(run=set_secret)

    names = add_command(actions, "list", "list the names of secrets", epilog=ENVIRONMENT)
    _common(names, 'as JSON: {"secrets": […]}')
    names.set_defaults(run=list_secrets)

    remove = add_command(actions, "remove", "remove a secret", aliases=("rm",), epilog=ENVIRONMENT)
    remove.add_argument("name", metavar="NAME", help="the secret's name")
    _common(remove, "print the name as JSON")
    remove.set_defaults(run=remove_secret)


def set_secret(args: argparse.Namespace) -> int:
    service = connect(args)
    value = secret_value("a secret", question=f"value of {args.name}", variable=args.from_env)
    try:
        service.set_secret(args.project, args.name, value)
    except Refused as refused:
        # The name is no option here.
        raise Problem(str(refused)) if refused.field == "name" else in_options(refused) from None
    if "/" in args.project and not _registered(service, args.project):
        err().warn(
            f"{args.project} is not registered: until 'towline project add {args.project}' no push "
            "to it runs anything"
        )
    return _done(args, "kept")


def _registered(service: Service, name: str) -> bool:
    return any(known["name"] == name.lower() for known in service.projects())


def list_secrets(args: argparse.Namespace) -> int:
    names = connect(args).secrets(args.project)
    if args.json:
        print(json.dumps({"secrets": names}))
    elif names:
        print("".join(f"{name}\n" for name in names), end="")
    else:
        err().say(f"project {args.project} has no secrets")
    return 0


def remove_secret(args: argparse.Namespace) -> int:
    connect(args).remove_secret(args.project, args.name)
    return _done(args, "removed")


def _common(parser: Parser, json_help: str) -> None:
    parser.add_argument(
        "--project", type=project_name, default="default", help="whose secret (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help=json_help)
    add_connection_options(parser)


def _done(args: argparse.Namespace, what: str) -> int:
    if args.json:
        print(json.dumps({"secret": args.name, "project": args.project}))
    else:
        err().say(f"secret {args.name} of project {args.project} {what}")
    return 0
