"""Where and with what this deployment starts its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True)
class EcsSite:
    """One cluster and its network. Nothing in here is secret."""

    cluster: str
    region: str
    runner_image: str
    """By digest: a tag may move between two attempts."""
    runner_url: str
    """What runners call: the base address of the API, without a trailing slash."""
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] = ()
    execution_role_arn: str = ""
    """The role that pulls images and writes to CloudWatch. The job never has it."""
    job_roles: Mapping[str, str] = field(default_factory=dict)
    """Task roles by project; the tasks of all others have none, and so no AWS credentials."""
    registry_prefix: str = ""
    """What the names of kept registry credentials begin with in Secrets Manager."""
    log_group: str = ""
    """Where the operators' copy of the output goes; '' for none."""
    public_ip: bool = True
    """Tasks in a public subnet without NAT reach registries only with an address of their own."""


def registry_prefix(stage: str) -> str:
    """The names that the execution role may read (infra/)."""
    return f"towline/{stage}/registry/"


def ecs_site(settings: Settings, region: str) -> EcsSite:
    """The site that the settings describe."""
    return EcsSite(
        cluster=settings.cluster,
        region=region,
        runner_image=settings.runner_image,
        runner_url=settings.public_url,
        subnets=settings.subnets,
        security_groups=settings.security_groups,
        execution_role_arn=settings.execution_role_arn,
        log_group=settings.log_group,
        job_roles=settings.job_roles,
        registry_prefix=registry_prefix(settings.stage),
        public_ip=settings.public_ip,
    )
