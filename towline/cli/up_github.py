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
        "webhook-secret": (SECRET, environ.get(SECRET, "")),
        "token": (TOKEN, environ.get(TOKEN, "")),
        "app-id": (APP_ID, environ.get(APP_ID, "")),
        "app-key": (APP_KEY_FILE, _key(environ.get(APP_KEY_FILE, ""))),
    }
    parameters = {name: _cleaned(name, *where) for name, where in given.items() if where[1].strip()}
    if ("app-id" in parameters) != ("app-key" in parameters):
        raise Problem(f"an App needs both {APP_ID} and {APP_KEY_FILE}")
    parameters.setdefault("webhook-secret", secrets.token_hex(32))
    return LocalGitHub(
        parameters=parameters,
        url=_site(args.github_url),
        public_url=_address("--public-url", args.public_url),
    )


def explained(github: LocalGitHub, url: str, environ: Mapping[str, str]) -> list[str]:
    """The wiring, line by line. It shows a secret that was made here, and none that was given."""
    where = f"{github.public_url or 'https://<your tunnel>'}/webhooks/github"
    made = made_secret(github, environ)
    secret = f"{made} (made for this run)" if made else f"what {SECRET} holds"
    site = github.url or "https://github.com"
    app, token = "app-id" in github.parameters, "token" in github.parameters
    # As they are called on the two pages.
    events = "Push, Pull request, Check run, Check suite, Repository"
    if not app:
        events = "Pushes, Pull requests, Repositories"
    place = "App's settings" if app else "repository's Settings, Webhooks, Add webhook"
    steps = [
        ["register the project: towline project add OWNER/REPO"],
        [
            f"in the {place}:",
            f"URL           {where}",
            "Content type  application/json",
            f"Secret        {secret}",
            f"Events        {events}",
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
    if made:
        lines.append(f"  set {SECRET} to keep the secret for the next run")
    if not app and not token:
        lines.append(
            f"  without {TOKEN} or an App no private repository can be read, and no status "
            "can be set; 'towline github set' takes them, too"
        )
    lines.append("  what opens the tunnel opens the whole API: its token alone protects it")
    return lines


def made_secret(github: LocalGitHub, environ: Mapping[str, str]) -> str:
    """The webhook's secret, when it was made here; '' for one that was given."""
    return "" if environ.get(SECRET, "").strip() else github.parameters["webhook-secret"]


def _key(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        why = getattr(trouble, "strerror", None) or "it is no text"
        raise Problem(f"{APP_KEY_FILE} names {path}, which can't be read: {why}") from None


def _cleaned(name: str, variable: str, text: str) -> str:
    from chalicelib.domain.github_keys import cleaned

    try:
        return cleaned(name, text)
    except ValueError as wrong:
        raise Problem(f"{variable}: {wrong}") from None


def _site(text: str) -> str:
    """An Enterprise Server's address that is one; '' for github.com."""
    from chalicelib.github.client.site import GITHUB_COM, site_of

    try:
        site = site_of(text)
    except ValueError as wrong:
        raise Problem(f"--github-url: {wrong}") from None
    return "" if site == GITHUB_COM else site.web_url


def _address(option: str, text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query):
        raise Problem(f"{option} {text} is not an address such as https://ci.example.com")
    return text.rstrip("/")
