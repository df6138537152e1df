"""The one composition root: a deployment's settings into a dispatcher that works on it.

``app`` asks ``dispatcher()``. On Lambda that is made from the environment at the first request;
local mode and tests build their own with ``build`` and put it in place with ``use``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.aws.clients import AwsClients, AwsCredentials
    from chalicelib.ports import Backend, JobQueue, Meter
    from chalicelib.settings import Settings
    from chalicelib.usecases.dispatcher import Dispatcher

_lock = threading.Lock()
_current: Dispatcher | None = None


def dispatcher() -> Dispatcher:
    """This process's dispatcher. Raises ``SettingsError`` when the environment lacks something."""
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                _current = _from_environment()
    return _current


def use(replacement: Dispatcher | None) -> None:
    """Let ``app`` work on this dispatcher; None: on the environment's again."""
    global _current
    with _lock:
        _current = replacement


def utc_now() -> datetime:
    return datetime.now(UTC)


def build(
    settings: Settings,
    clients: AwsClients,
    *,
    backend: Backend | None = None,
    queue: JobQueue | None = None,
    permit_credentials: Callable[[], AwsCredentials] | None = None,
    meter: Meter | None = None,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Dispatcher:
    """A dispatcher over one deployment's AWS. Makes no request and no client.

    ``backend`` None: Fargate. ``queue`` None: the launch queue; local mode wraps it so that its
    pump hears of a message at once. ``permit_credentials`` sign the runners' upload permits;
    None: the service's own do.
    """
    from chalicelib.aws.logs import S3LogStore
    from chalicelib.aws.permits import UploadPermits
    from chalicelib.aws.queue import SqsJobQueue
    from chalicelib.aws.secrets import SsmSecrets
    from chalicelib.aws.server_key import SsmServerKey
    from chalicelib.aws.specs import S3SpecStore
    from chalicelib.aws.table import JobTable
    from chalicelib.aws.tokens import TokenTable
    from chalicelib.usecases.collaborators import Collaborators, LoggedMeter
    from chalicelib.usecases.dispatcher import Dispatcher

    permits = UploadPermits(
        bucket=settings.bucket,
        region=clients.region,
        credentials=permit_credentials or clients.credentials,
        clock=clock,
        url=settings.upload_url,
    )
    return Dispatcher(
        Collaborators(
            store=JobTable(clients, settings.table),
            queue=queue or SqsJobQueue(clients, settings.queue_url),
            specs=S3SpecStore(clients, settings.bucket),
            logs=S3LogStore(clients, settings.bucket, permits),
            secrets=SsmSecrets(clients, settings.prefix),
            tokens=TokenTable(clients, settings.table),
            backend=backend or _fargate(settings, clients),
            server_key=SsmServerKey(clients, settings.prefix, random_bytes),
            clock=clock,
            random_bytes=random_bytes,
            settings=settings,
            meter=meter or LoggedMeter(),
        )
    )


def _from_environment() -> Dispatcher:
    from chalicelib.aws.clients import AwsClients
    from chalicelib.observability import EmbeddedMetrics, on_lambda
    from chalicelib.settings import Settings

    settings = Settings.from_environment(os.environ)
    return build(
        settings, AwsClients(), meter=EmbeddedMetrics(settings.stage) if on_lambda() else None
    )


def _fargate(settings: Settings, clients: AwsClients) -> Backend:
    from chalicelib.aws.ecs_backend import EcsBackend
    from chalicelib.aws.ecs_site import ecs_site

    return EcsBackend(clients, ecs_site(settings, clients.region))
