"""What a deployment is given to know GitHub and to be known there. Pure; values pass through only.

``docs/github.md`` says what each is for; their names are those of the parameters that keep them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

WEBHOOK_SECRET: Final = "webhook-secret"
NEXT_SECRET: Final = "webhook-secret-next"
APP_ID: Final = "app-id"
APP_KEY: Final = "app-key"
TOKEN: Final = "token"

NAMES: Final = (WEBHOOK_SECRET, NEXT_SECRET, APP_ID, APP_KEY, TOKEN)

MEANINGS: Final = {
    WEBHOOK_SECRET: "what GitHub signs its deliveries with",
    NEXT_SECRET: "the one after it, valid as well while GitHub is being told of it",
    APP_ID: "the App's id or client id",
    APP_KEY: "the App's private key, the whole PEM file that GitHub made",
    TOKEN: "a token for all projects without one of their own, where there is no App",
}

SHORTEST_SECRET = 16
"""Characters: a shorter one could be found by trying, with one delivery seen."""
LONGEST_VALUE = 8192
"""Bytes of an advanced parameter."""

_APP_ID = re.compile(r"(?:[1-9][0-9]{0,17}|Iv[A-Za-z0-9.]{8,38})\Z")
_PEM = re.compile(r"-----BEGIN (?:RSA )?PRIVATE KEY-----\s")


def cleaned(name: str, value: str) -> str:
    """The value as it is kept. Raises ``ValueError``, a sentence that quotes nothing of it."""
    text = value.strip()
    if not text:
        raise ValueError(f"{name} is empty")
    if len(text.encode()) > LONGEST_VALUE:
        raise ValueError(f"{name} has more than {LONGEST_VALUE} bytes")
    _CHECKS[name](text)
    return text


def gaps(kept: Collection[str]) -> list[str]:
    """What can't work with these names alone, in sentences; none: it is whole."""
    found = []
    if not {WEBHOOK_SECRET, NEXT_SECRET} & set(kept):
        found.append(
            f"no {WEBHOOK_SECRET} is set: every delivery is refused until there is one"
            " ('towline github set webhook-secret')"
        )
    for one, other in ((APP_ID, APP_KEY), (APP_KEY, APP_ID)):
        if one in kept and other not in kept:
            found.append(f"{one} is set and {other} is not: an App needs both")
    if not {APP_ID, APP_KEY, TOKEN} & set(kept):
        found.append(
            "neither an App nor a token is set: nothing of a private repository can be read, and"
            " no status be set, but for projects with a token of their own"
        )
    return found


def _secret(text: str) -> None:
    if len(text) < SHORTEST_SECRET:
        raise ValueError(
            f"a webhook secret has at least {SHORTEST_SECRET} characters, as a shorter one can be"
            " guessed: 'openssl rand -hex 32' makes a good one"
        )


def _app_id(text: str) -> None:
    if not _APP_ID.match(text):
        raise ValueError(
            "app-id is the App's number, or its client id that begins with Iv: both are on the"
            " App's page under Settings, Developer settings, GitHub Apps"
        )


def _app_key(text: str) -> None:
    if not _PEM.match(text.replace("\\n", "\n")):
        raise ValueError(
            "app-key is the whole PEM file that GitHub made for the App: it begins with"
            " -----BEGIN RSA PRIVATE KEY-----"
        )


def _token(text: str) -> None:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("a token has no spaces, line ends or odd characters within")


_CHECKS: dict[str, Callable[[str], None]] = {
    WEBHOOK_SECRET: _secret,
    NEXT_SECRET: _secret,
    APP_ID: _app_id,
    APP_KEY: _app_key,
    TOKEN: _token,
}
