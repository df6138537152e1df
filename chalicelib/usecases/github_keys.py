"""What the deployment knows GitHub by: kept, exchanged, removed. No value is ever given back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.github_keys import APP_KEY, NAMES, NEXT_SECRET, WEBHOOK_SECRET, cleaned
from chalicelib.usecases.build_side import build_side
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import KeyRefused, UnknownKey

log = logging.getLogger("towline.usecases")


def put_key(co: Collaborators, name: str, value: str) -> None:
    """Keep or replace one. Repeatable. It may count a minute late.

    Raises ``NoBuilds``, ``UnknownKey`` and, in words that quote nothing, ``KeyRefused`` for a value
    that can't be one.
    """
    keys = build_side(co).keys
    _known(name)
    try:
        value = cleaned(name, value)
        if name == APP_KEY:
            _check_key(co, value)
    except ValueError as wrong:
        raise KeyRefused(str(wrong)) from None
    keys.put(name, value)
    log.info("GitHub's %s was set", name)


def remove_key(co: Collaborators, name: str) -> None:
    """Forget one. Raises ``NoBuilds``, and ``UnknownKey`` when it is not set."""
    keys = build_side(co).keys
    _known(name)
    if not keys.remove(name):
        raise UnknownKey(f"{name} is not set")
    log.info("GitHub's %s was removed", name)


def kept_keys(co: Collaborators) -> Mapping[str, datetime]:
    """When each that is set was set. Raises ``NoBuilds``."""
    return build_side(co).keys.kept()


def finish_rotation(co: Collaborators) -> None:
    """Make the next webhook secret the only one. Raises ``NoBuilds``, ``UnknownKey`` without one.

    The new one is written before its old place is emptied, so a crash in between loses nothing,
    and the same call again ends it.
    """
    keys = build_side(co).keys
    new = keys.fresh(NEXT_SECRET)
    if new is None:
        raise UnknownKey(
            f"{NEXT_SECRET} is not set: there is nothing to finish; 'towline github rotate-secret' "
            "begins"
        )
    keys.put(WEBHOOK_SECRET, new)
    keys.remove(NEXT_SECRET)
    log.info("the webhook's next secret is the only one now")


def _known(name: str) -> None:
    if name not in NAMES:
        raise UnknownKey(f"GitHub has no {name[:100]!r} here: there are {', '.join(NAMES)}")


def _check_key(co: Collaborators, pem: str) -> None:
    """Raises ``ValueError`` for what can't sign. Asks nobody."""
    from pydantic import SecretStr

    from chalicelib.github.client.app_key import AppKey, app_jwt
    from chalicelib.github.client.errors import BadCredentials

    try:
        app_jwt(AppKey("1", SecretStr(pem)), co.clock())
    except BadCredentials as wrong:
        raise ValueError(str(wrong)) from None
