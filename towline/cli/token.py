"""``towline token create|list|revoke``."""

from __future__ import annotations

import argparse
import json

from chalicelib.domain.quantities import parse_duration
from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import err, out

SCOPES = ("submit", "read", "cancel", "admin")
CREATE = """\
Make a bearer token and print it, this once: the service keeps only its hash. Needs a token with the
scope admin. Scopes: submit (submit and rerun jobs), read (jobs and logs), cancel, and admin (all of
these, secrets and tokens)."""


def add(commands: Commands) -> None:
    parser = add_command(commands, "token", "make, list and revoke tokens", epilog=ENVIRONMENT)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    create = add_command(actions, "create", "make a token", description=CREATE, epilog=ENVIRONMENT)
    create.add_argument("name", metavar="NAME", help="what it is for, for people")
    create.add_argument(
        "--scope", action="append", choices=SCOPES, help="may be repeated (default: submit, read)"
    )
    create.add_argument("--expires", metavar="TIME", help="such as 12h or 90d (default: never)")
    create.set_defaults(run=create_token)

    tokens = add_command(actions, "list", "list tokens, never their texts", epilog=ENVIRONMENT)
    tokens.set_defaults(run=list_tokens)

    revoke = add_command(
        actions,
        "revoke",
        "revoke a token",
        description="Revoke a token. A deployed service may take it for 30 more seconds.",
        epilog=ENVIRONMENT,
    )
    revoke.add_argument("id", metavar="ID", help="the token's id, as 'token list' shows it")
    revoke.set_defaults(run=revoke_token)
    for action in (create, tokens, revoke):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_connection_options(action)


def create_token(args: argparse.Namespace) -> int:
    expires_in_s = None
    if args.expires is not None:
        try:
            expires_in_s = int(parse_duration(args.expires))
        except ValueError as error:
            raise Problem(f"--expires: {error}") from None
    made = connect(args).create_token(args.name, args.scope or ["submit", "read"], expires_in_s)
    if args.json:
        print(json.dumps(made, indent=2))
    else:
        err().say("keep it: it is not shown again")
        print(made["text"])
    return 0


def list_tokens(args: argparse.Namespace) -> int:
    tokens = connect(args).tokens()
    if args.json:
        print(json.dumps({"tokens": tokens}, indent=2))
        return 0
    terminal = out()
    print(terminal.paint(f"{'ID':12}  {'SCOPES':24}  NAME", "bold"))
    for token in tokens:
        scopes = ",".join(token["scopes"])
        until = f"  until {token['expires_at']}" if token.get("expires_at") else ""
        print(f"{terminal.paint(token['id'], 'bold')}  {scopes:24}  {token['name']}{until}")
    return 0


def revoke_token(args: argparse.Namespace) -> int:
    connect(args).revoke_token(args.id)
    if args.json:
        print(json.dumps({"revoked": args.id}))
    else:
        err().say(f"token {args.id} is revoked")
    return 0
