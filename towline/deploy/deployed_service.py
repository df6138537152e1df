"""The service's own code over a deployed table, with the deployer's credentials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.usecases.dispatcher import Dispatcher
    from towline.deploy.account import Account


def deployed_service(
    account: Account,
    *,
    table: str,
    stage: str,
    clock: Callable[[], datetime],
    random_bytes: Callable[[int], bytes],
    cluster: str = "",
) -> Dispatcher:
    """A dispatcher that knows the table and, when it is given, the cluster. Makes no request.

    Good for tokens, and for finding and cancelling jobs; it can start none.
    """
    from chalicelib import wiring
    from chalicelib.settings import Settings

    settings = Settings(
        table=table, bucket="", queue_url="", public_url="", stage=stage, cluster=cluster
    )
    return wiring.build(settings, account.service_clients(), clock=clock, random_bytes=random_bytes)
