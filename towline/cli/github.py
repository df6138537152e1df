"""``towline github set|remove|rotate-secret|show``."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.domain.github_keys import APP_KEY, MEANINGS, NAMES, NEXT_SECRET
from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.parser import Commands, Parser, add_command
from towline.cli.problem import Problem
from towline.cli.secret_value import secret_value
from towline.cli.terminal import err, out

if TYPE_CHECKING:
    from towline.client.service import Service

SET = f"""\
Give the service what it knows GitHub by, or replace it. The value is read from standard input,
asked for on a terminal, or taken from --file or --from-env; it is never an argument, as process
lists show those. It can't be read back. The service may use the old one for a minute.

{"".join(f"  {name:21}{meaning}" + chr(10) for name, meaning in MEANINGS.items())}
  openssl rand -hex 32 | tee secret.txt | towline github set webhook-secret
  towline github set app-id <<< 123456
  towline github set app-key --file acme-ci.private-key.pem"""
ROTATE = """\
Change the webhook's secret without losing a delivery. First without an option: a new secret is
made, kept beside the old one, and printed once. Put it in at GitHub, wherever the old one is, and
wait for a delivery whose answer has the header X-Towline-Signed-With: webhook-secret-next (GitHub
shows it under Recent Deliveries). Then with --finish: the old one is valid no more."""
SHOW = """\
Show what the service knows GitHub by, never the values, and try it: whether GitHub accepts the App
and the token, which permission or event is missing, and where. With --project: whether that
project's repository can be read, told of and checked out. The exit status is 1 when something is
wrong."""
COLOURS = {"ok": "green", "warning": "yellow", "wrong": "red"}


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "github", "what GitHub is known by: keys, secrets", epilog=ENVIRONMENT
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    keep = add_command(actions, "set", "give the service one", description=SET, epilog=ENVIRONMENT)
    _named(keep)
    keep.add_argument("--file", metavar="FILE", help="read the value from this file")
    keep.add_argument("--from-env", metavar="VAR", help="take the value of this variable")
    keep.set_defaults(run=set_key)

    remove = add_command(actions, "remove", "take one away", epilog=ENVIRONMENT)
    _named(remove)
    remove.set_defaults(run=remove_key)

    rotate = add_command(
        actions,
        "rotate-secret",
        "change the webhook's secret",
        description=ROTATE,
        epilog=ENVIRONMENT,
    )
    rotate.add_argument(
        "--finish", action="store_true", help="GitHub has the new one: drop the old"
    )
    rotate.set_defaults(run=rotate_secret)

    show = add_command(
        actions, "show", "what is set, and whether it works", description=SHOW, epilog=ENVIRONMENT
    )
    show.add_argument("--project", metavar="NAME", help="try what this project's builds go through")
    show.add_argument("--no-check", action="store_true", help="ask GitHub nothing")
    show.set_defaults(run=show_github)
    for action in (keep, remove, rotate, show):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_connection_options(action)


def set_key(args: argparse.Namespace) -> int:
    if args.file is not None and args.from_env is not None:
        raise Problem("--file and --from-env: give one of them")
    if args.name == APP_KEY and not (args.file or args.from_env) and sys.stdin.isatty():
        raise Problem("app-key has many lines: name GitHub's PEM file with --file")
    service = connect(args)
    value = secret_value(args.name, file=args.file, variable=args.from_env)
    service.set_github_key(args.name, value)
    return _done(args, {"key": args.name}, f"{args.name} is kept; the service uses it in a minute")


def remove_key(args: argparse.Namespace) -> int:
    connect(args).remove_github_key(args.name)
    return _done(args, {"key": args.name}, f"{args.name} is removed")


def rotate_secret(args: argparse.Namespace) -> int:
    service = connect(args)
    if args.finish:
        service.finish_github_rotation()
        return _done(args, {"rotated": True}, "the new webhook secret is the only one now")
    kept = {key["name"] for key in service.github()["keys"] if key["set_at"]}
    if NEXT_SECRET in kept:
        raise Problem(
            "a change is under way: end it with 'towline github rotate-secret --finish', or call "
            f"it off with 'towline github remove {NEXT_SECRET}'"
        )
    made = secrets.token_hex(32)
    service.set_github_key(NEXT_SECRET, made)
    if args.json:
        print(json.dumps({"secret": made}))
        return 0
    print(made, flush=True)
    for line in (
        "this is the new webhook secret, shown this once; both are valid from now on",
        "  1. in a minute, put it in at GitHub: the App's settings, or each repository's webhook",
        "  2. wait for a delivery whose answer has X-Towline-Signed-With: webhook-secret-next",
        "  3. towline github rotate-secret --finish",
    ):
        err().say(line)
    return 0


def show_github(args: argparse.Namespace) -> int:
    if args.no_check and args.project is not None:
        raise Problem("--project is what is to be tried: leave --no-check out")
    service = connect(args)
    shown = service.github(check=not args.no_check, project=args.project)
    findings = shown.get("findings", [])
    if args.json:
        print(json.dumps(shown, indent=2))
    else:
        _print(service, shown, findings)
    return int(any(finding["state"] == "wrong" for finding in findings))


def _print(
    service: Service, shown: Mapping[str, Any], findings: Sequence[Mapping[str, str]]
) -> None:
    rows = [("GitHub", shown["url"]), ("webhook", f"{service.url}/webhooks/github")]
    for key in shown["keys"]:
        moment = (key["set_at"] or "").partition(".")[0].rstrip("Z").replace("T", " ")
        rows.append((key["name"], f"set {moment} UTC" if moment else "-"))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:{width}}  {value}")
    if findings:
        print()
    about = max((len(finding["about"]) for finding in findings), default=0)
    for finding in findings:
        word = out().paint(f"{finding['state']:8}", COLOURS[finding["state"]])
        print(f"{word} {finding['about']:{about}}  {finding['says']}")


def _named(action: Parser) -> None:
    action.add_argument("name", metavar="NAME", choices=NAMES, help=f"one of {', '.join(NAMES)}")


def _done(args: argparse.Namespace, told: Mapping[str, Any], words: str) -> int:
    if args.json:
        print(json.dumps(told))
    else:
        err().say(words)
    return 0
