"""``towline up --github``: how GitHub and a service on this machine are brought together."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from towline.cli.problem import Problem
from towline.local.local_github import LocalGitHub

SECRET = "TOWLINE_GITHUB_WEBHOOK_SECRET"
TOKEN = "TOWLINE_GITHUB_TOKEN"
APP_ID = "TOWLINE_GITHUB_APP_ID"
APP_KEY_FILE = "TOWLINE_GITHUB_APP_KEY_FILE"
ENVIRONMENT = f"""\
  {SECRET}  what GitHub signs deliveries with; one is made when it is not set
  {TOKEN}           a token for GitHub, to read files and to set statuses
  {APP_ID}, {APP_KEY_FILE}
                                 a GitHub App instead: its id, and the file with its private key"""


def add_github_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--github", action="store_true", help="take GitHub's webhooks, and say how to wire them"
    )
    parser.add_argument(
        "--github-url", metavar="URL", default="", help="of a GitHub Enterprise Server"
    )
    parser.add_argument(
        "--public-url",
        metavar="URL",
        default="",
        help="where a tunnel of yours makes this service reachable, for GitHub and for links",
    )


def github_of(args: argparse.Namespace, environ: Mapping[str, str]) -> LocalGitHub | None:
    """What was asked for; None: nothing. Makes a webhook secret when none is given.

    Raises ``Problem`` for addresses that are none, a key file that can't be read and half an App.
    """
    if not args.github:
        if args.github_url or args.public_url:
            raise Problem("--github-url and --public-url are for --github: add it")
        return None
    given = {
        "webhook-secret": environ.get(SECRET) or secrets.token_hex(32),
        "token": environ.get(TOKEN, ""),
        "app-id": environ.get(APP_ID, ""),
        "app-key": _key(environ.get(APP_KEY_FILE, "")),
    }
    if bool(given["app-id"]) != bool(given["app-key"]):
        raise Problem(f"an App needs both {APP_ID} and {APP_KEY_FILE}")
    return LocalGitHub(
        parameters={name: value for name, value in given.items() if value},
        url=_address("--github-url", args.github_url),
        public_url=_address("--public-url", args.public_url),
    )


def explained(github: LocalGitHub, url: str, environ: Mapping[str, str]) -> list[str]:
    """The wiring, line by line. It shows a secret that was made here, and none that was given."""
    where = f"{github.public_url or 'https://<your tunnel>'}/webhooks/github"
    given = bool(environ.get(SECRET))
    secret = f"what {SECRET} holds" if given else github.parameters["webhook-secret"]
    site = github.url or "https://github.com"
    app, token = "app-id" in github.parameters, "token" in github.parameters
    events = "Pushes, Pull requests"
    place = "App's settings" if app else "repository's Settings, Webhooks, Add webhook"
    steps = [
        ["register the project: towline project add OWNER/REPO"],
        [
            f"in the {place}:",
            f"URL           {where}",
            "Content type  application/json",
            f"Secret        {secret}",
            f"Events        {events + ', Check runs, Check suites' if app else events}",
        ],
    ]
    if not github.public_url:
        tunnel = [
            f"make {url} reachable for GitHub by a tunnel of yours, and start this again with",
            "--public-url and the tunnel's address: links in statuses begin with it",
        ]
        steps.insert(0, tunnel)
    lines = [f"to have {site} start builds here:"]
    for number, (first, *more) in enumerate(steps, 1):
        lines += [f"  {number}. {first}", *(f"     {line}" for line in more)]
    if not app and not token:
        lines.append(
            f"  without {TOKEN} or an App nothing of a private repository can be read, and no "
            "status be set"
        )
    lines.append("  what opens the tunnel opens the whole API: its token alone protects it")
    return lines


def _key(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        why = getattr(trouble, "strerror", None) or "it is no text"
        raise Problem(f"{APP_KEY_FILE} names {path}, which can't be read: {why}") from None


def _address(option: str, text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query):
        raise Problem(f"{option} {text} is not an address such as https://ci.example.com")
    return text.rstrip("/")
