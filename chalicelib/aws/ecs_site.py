"""Where and with what this deployment starts its tasks."""

from __future__ import annotations

from dataclasses import dataclass
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
    """The role that pulls images and writes to CloudWatch. Tasks themselves have no role."""
    log_group: str = ""
    """Where the operators' copy of the output goes; '' for none."""
    public_ip: bool = True
    """Tasks in a public subnet without NAT reach registries only with an address of their own."""


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
    )
