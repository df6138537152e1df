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
    from chalicelib.aws.permits import UploadPermits
    from chalicelib.build_ports import BuildSide
    from chalicelib.images.inspector import Ask
    from chalicelib.ports import (
        Backend,
        CheckoutTokens,
        ImageInspector,
        JobQueue,
        Meter,
        SecretStore,
    )
    from chalicelib.project_port import ProjectStore, ProjectTokens
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
    images: ImageInspector | None = None,
    permit_credentials: Callable[[], AwsCredentials] | None = None,
    meter: Meter | None = None,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Dispatcher:
    """A dispatcher over one deployment's AWS. Makes no request and no client.

    ``backend`` None: Fargate, with ``images`` asked about unless the settings say otherwise.
    ``queue`` None: the launch queue; local mode wraps it so that its
    pump hears of a message at once. ``permit_credentials`` sign the runners' upload permits;
    None: the upload role's do, or the service's own where no such role is set.
    """
    from chalicelib.aws.ecs_site import registry_prefix
    from chalicelib.aws.logs import S3LogStore
    from chalicelib.aws.project_slots import SlotTable
    from chalicelib.aws.project_tokens import SsmProjectTokens
    from chalicelib.aws.projects import ProjectTable
    from chalicelib.aws.queue import SqsJobQueue
    from chalicelib.aws.registry_credentials import SecretsManagerLogins
    from chalicelib.aws.secrets import SsmSecrets
    from chalicelib.aws.server_key import SsmServerKey
    from chalicelib.aws.specs import S3SpecStore
    from chalicelib.aws.table import JobTable
    from chalicelib.aws.tokens import TokenTable
    from chalicelib.usecases.collaborators import Collaborators, LoggedMeter
    from chalicelib.usecases.dispatcher import Dispatcher

    if images is None and backend is None and settings.image_check:
        images = _images(clients)
    permits = _permits(settings, clients, permit_credentials, clock)
    secrets = SsmSecrets(clients, settings.prefix)
    projects = ProjectTable(clients, settings.table)
    builds = _builds(settings, clients, clock, random_bytes)
    project_tokens = SsmProjectTokens(clients, settings.prefix)
    tokens = _checkout_tokens(builds, projects, project_tokens, secrets)
    return Dispatcher(
        Collaborators(
            store=JobTable(
                clients,
                settings.table,
                retention_days=settings.job_retention_days,
                clock=clock,
            ),
            queue=queue or SqsJobQueue(clients, settings.queue_url),
            specs=S3SpecStore(clients, settings.bucket),
            logs=S3LogStore(clients, settings.bucket, permits, links=settings.log_links),
            secrets=secrets,
            registries=SecretsManagerLogins(clients, registry_prefix(settings.stage)),
            tokens=TokenTable(clients, settings.table),
            projects=projects,
            slots=SlotTable(clients, settings.table, retention_days=settings.job_retention_days),
            project_tokens=project_tokens,
            backend=backend or _fargate(settings, clients),
            server_key=SsmServerKey(clients, settings.prefix, random_bytes),
            clock=clock,
            random_bytes=random_bytes,
            settings=settings,
            images=images,
            meter=meter or LoggedMeter(),
            builds=builds,
            checkout_tokens=tokens,
        )
    )


def _builds(
    settings: Settings,
    clients: AwsClients,
    clock: Callable[[], datetime],
    random_bytes: Callable[[int], bytes],
) -> BuildSide | None:
    """None: the deployment has no queues for builds."""
    if not settings.builds_queue_url or not settings.notices_queue_url:
        return None
    import time

    from chalicelib.aws.builds import BuildTable
    from chalicelib.aws.deliveries import DeliveryTable
    from chalicelib.aws.github_parameters import GitHubParameters
    from chalicelib.aws.ordered_queue import SqsOrderedQueue
    from chalicelib.aws.timetables import TimetableTable
    from chalicelib.build_ports import BuildSide
    from chalicelib.github.deployment import DeployedGitHub

    parameters = GitHubParameters(clients, settings.prefix)
    return BuildSide(
        store=BuildTable(
            clients, settings.table, retention_days=settings.job_retention_days, clock=clock
        ),
        deliveries=DeliveryTable(clients, settings.table),
        timetables=TimetableTable(clients, settings.table),
        queue=SqsOrderedQueue(clients, settings.builds_queue_url),
        notices=SqsOrderedQueue(clients, settings.notices_queue_url),
        webhook_secrets=parameters,
        keys=parameters,
        github=DeployedGitHub(
            url=settings.github_url,
            parameters=parameters.read,
            clock=clock,
            sleep=time.sleep,
            chance=lambda: int.from_bytes(random_bytes(2), "big") / 65536,
        ),
        sleep=time.sleep,
    )


def _checkout_tokens(
    builds: BuildSide | None, projects: ProjectStore, own: ProjectTokens, secrets: SecretStore
) -> CheckoutTokens | None:
    if builds is None:
        return None
    from chalicelib.usecases.checkout_tokens import SecretTokens
    from chalicelib.usecases.github_tokens import GitHubTokens

    return GitHubTokens(builds, projects, own, SecretTokens(secrets))


def _permits(
    settings: Settings,
    clients: AwsClients,
    credentials: Callable[[], AwsCredentials] | None,
    clock: Callable[[], datetime],
) -> UploadPermits:
    from chalicelib.aws.bucket_address import bucket_url
    from chalicelib.aws.permits import UploadPermits

    shortest_s = None
    if credentials is None and settings.upload_role_arn:
        from chalicelib.aws.upload_role import SHORTEST_S, UploadRole

        credentials = UploadRole(clients, settings.upload_role_arn, clock).credentials
        shortest_s = SHORTEST_S
    endpoint = clients.s3_endpoint
    return UploadPermits(
        bucket=settings.bucket,
        region=clients.region,
        credentials=credentials or clients.credentials,
        clock=clock,
        url=settings.upload_url or bucket_url(settings.bucket, clients.region, endpoint),
        shortest_s=shortest_s,
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


def _images(clients: AwsClients) -> ImageInspector:
    from chalicelib.images.inspector import Inspector

    def ways() -> tuple[Ask, ...]:
        from chalicelib.aws.ecr_images import EcrImages
        from chalicelib.images.guarded_https import GuardedHttps, body_of
        from chalicelib.images.registry import Registry

        https = GuardedHttps()
        ecr = EcrImages(clients, lambda url: body_of(https, url))
        return (lambda image, _: ecr.inspect(image)), Registry(https).inspect

    return Inspector(ways)
