"""``towline token create|list|revoke``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain.quantities import parse_duration
from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import Terminal, err, out

SCOPES = ("submit", "read", "cancel", "admin")
CREATE = """\
Make a bearer token and print it, this once: the service keeps only its hash. Needs a token with the
scope admin. Scopes: submit (submit and rerun jobs), read (jobs and logs), cancel, and admin (all of
these, projects, secrets and tokens). Whoever may submit for a project may use its secrets and its
role: give a program a token of its own --project."""


def add(commands: Commands) -> None:
    parser = add_command(commands, "token", "make, list and revoke tokens", epilog=ENVIRONMENT)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    create = add_command(actions, "create", "make a token", description=CREATE, epilog=ENVIRONMENT)
    create.add_argument("name", metavar="NAME", help="what it is for, for people")
    create.add_argument(
        "--scope", action="append", choices=SCOPES, help="may be repeated (default: submit, read)"
    )
    create.add_argument(
        "--project",
        metavar="P",
        help="for this project's jobs alone: those of others do not exist for it",
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
    made = connect(args).create_token(
        args.name, args.scope or ["submit", "read"], expires_in_s, args.project
    )
    if args.json:
        print(json.dumps(made, indent=2))
    else:
        err().say("keep it: it is not shown again")
        print(made["text"])
    return 0


def list_tokens(args: argparse.Namespace) -> int:
    from towline.cli.jobs_view import now_utc

    tokens = connect(args).tokens()
    if args.json:
        print(json.dumps({"tokens": tokens}, indent=2))
        return 0
    for line in table(tokens, now_utc(), out()):
        print(line)
    return 0


def table(tokens: Sequence[Mapping[str, Any]], now: datetime, terminal: Terminal) -> list[str]:
    """A head, then a line for each token."""
    rows = [("SCOPES", "EXPIRES", "PROJECT", "NAME")]
    rows += [
        (
            ",".join(token["scopes"]),
            _expiry(token.get("expires_at"), now),
            token.get("project") or "all",
            token["name"],
        )
        for token in tokens
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    ids = [terminal.paint(token["id"], "bold") for token in tokens]
    head = terminal.paint(f"{'ID':12}  {lines[0]}", "bold")
    return [head, *(f"{id_}  {line}" for id_, line in zip(ids, lines[1:], strict=True))]


def _expiry(at: str | None, now: datetime) -> str:
    if at is None:
        return "never"
    moment = datetime.fromisoformat(at)
    return "expired" if moment <= now else f"{moment:%Y-%m-%d %H:%M}Z"


def revoke_token(args: argparse.Namespace) -> int:
    connect(args).revoke_token(args.id)
    if args.json:
        print(json.dumps({"revoked": args.id}))
    else:
        err().say(f"token {args.id} is revoked")
    return 0
