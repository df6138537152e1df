"""The first admin token: straight into the table, as nobody could ask the service for it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.ports import Scope, ServiceTrouble
from towline.deploy.errors import DeployFailed

if TYPE_CHECKING:
    from chalicelib.usecases.dispatcher import Dispatcher

NAME = "towline deploy"


def admin_token(service: Dispatcher, *, anyway: bool) -> str | None:
    """A new admin token's text when the table holds no token at all, or ``anyway``; else None.

    Its text is shown this once; the table keeps a hash.
    """
    try:
        if service.tokens() and not anyway:
            return None
        return service.create_token(NAME, [Scope.ADMIN])[1]
    except ServiceTrouble as trouble:
        raise DeployFailed(
            f"the service is deployed, but its admin token could not be made: {trouble}. Repeat "
            "the command with --new-token"
        ) from trouble
