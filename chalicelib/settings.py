"""What a deployment tells the service: one frozen value, read from the environment in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_FLUSH_S = 2.0


class SettingsError(Exception):
    """A setting is missing or can't be read. Its text says which, and what it should hold."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Names and numbers of one deployment. Nothing in here is secret."""

    table: str
    bucket: str
    queue_url: str
    public_url: str
    """What a runner calls: the base address of the API, without a trailing slash."""
    stage: str = "dev"
    prefix: str = "/towline/dev"
    """Where this deployment's parameters are in SSM: the server key and the projects' secrets."""
    cluster: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    runner_image: str = ""
    execution_role_arn: str = ""
    log_group: str = ""
    public_ip: bool = True
    """Whether tasks have public addresses: in public subnets without NAT they need them."""
    job_roles: Mapping[str, str] = field(default_factory=dict)
    """Role ARNs by project. The jobs of all others have no AWS credentials at all."""
    image_check: bool = True
    """Whether submit asks registries if a job's image is there and has its platform."""
    runner_archs: tuple[str, ...] = ()
    """Architectures that the runner's image is for; none given: not known, all are accepted."""
    upload_role_arn: str = ""
    """The role that signs upload permits; '': the service's own credentials do."""
    upload_url: str | None = None
    """Local mode only: where upload permits point, instead of the bucket."""
    pages_url: str = ""
    """Local mode only: where browsers reach the pages, when that is not where runners call."""
    log_links: bool = True
    """Whether readers of logs reach the bucket by links. Local mode's is inside the process."""
    job_retention_days: int | None = None
    """How long finished jobs stay in the table; None: for ever."""
    builds_queue_url: str = ""
    """The FIFO queue of deliveries; '': this deployment takes no webhooks."""
    notices_queue_url: str = ""
    """The FIFO queue of builds that GitHub is told of."""
    github_url: str = ""
    """An Enterprise Server's address; '': github.com."""
    flush_s: float = DEFAULT_FLUSH_S
    """Seconds between two log chunks of a runner while output flows."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``TOWLINE_*``. Raises ``SettingsError`` that names what is missing or malformed."""
        stage = environ.get("TOWLINE_STAGE") or "dev"
        return cls(
            table=_required(environ, "TOWLINE_TABLE", "the name of the DynamoDB table"),
            bucket=_required(environ, "TOWLINE_BUCKET", "the name of the S3 bucket"),
            queue_url=_required(environ, "TOWLINE_QUEUE_URL", "the address of the launch queue"),
            public_url=environ.get("TOWLINE_PUBLIC_URL", "").rstrip("/"),
            stage=stage,
            prefix=(environ.get("TOWLINE_PREFIX") or f"/towline/{stage}").rstrip("/"),
            cluster=environ.get("TOWLINE_CLUSTER", ""),
            subnets=_words(environ, "TOWLINE_SUBNETS"),
            security_groups=_words(environ, "TOWLINE_SECURITY_GROUPS"),
            runner_image=environ.get("TOWLINE_RUNNER_IMAGE", ""),
            execution_role_arn=environ.get("TOWLINE_EXECUTION_ROLE_ARN", ""),
            log_group=environ.get("TOWLINE_LOG_GROUP", ""),
            public_ip=_one_of(environ, "TOWLINE_PUBLIC_IP", "enabled", "disabled"),
            job_roles=_job_roles(environ.get("TOWLINE_JOB_ROLES", ""), stage),
            image_check=_one_of(environ, "TOWLINE_IMAGE_CHECK", "on", "off"),
            runner_archs=_archs(environ),
            upload_role_arn=environ.get("TOWLINE_UPLOAD_ROLE_ARN", ""),
            upload_url=environ.get("TOWLINE_UPLOAD_URL") or None,
            job_retention_days=_days(environ, "TOWLINE_JOB_RETENTION_DAYS"),
            builds_queue_url=environ.get("TOWLINE_BUILDS_QUEUE_URL", ""),
            notices_queue_url=environ.get("TOWLINE_NOTICES_QUEUE_URL", ""),
            github_url=environ.get("TOWLINE_GITHUB_URL", ""),
            flush_s=_number(environ, "TOWLINE_FLUSH_S", DEFAULT_FLUSH_S),
        )


def _required(environ: Mapping[str, str], name: str, meaning: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: it must hold {meaning}")
    return value


def _words(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word for word in environ.get(name, "").replace(",", " ").split() if word)


def _one_of(environ: Mapping[str, str], name: str, yes: str, no: str) -> bool:
    """Whether it is ``yes``, which it is when it is not set."""
    text = environ.get(name) or yes
    if text not in (yes, no):
        raise SettingsError(f"{name} is {text!r}: it must be {yes} or {no}")
    return text == yes


def _archs(environ: Mapping[str, str]) -> tuple[str, ...]:
    given = _words(environ, "TOWLINE_RUNNER_ARCHS")
    for arch in given:
        if arch not in ("x86_64", "arm64"):
            raise SettingsError(f"TOWLINE_RUNNER_ARCHS names {arch!r}: it takes x86_64 and arm64")
    return given


_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/([A-Za-z0-9_+.@-]{1,64})\Z")


def _job_roles(text: str, stage: str) -> dict[str, str]:
    """``project=role-arn,...``. The service may pass on roles of these names only (infra/)."""
    prefix = f"towline-{stage}-job-"
    roles: dict[str, str] = {}
    for entry in text.replace(",", " ").split():
        project, equals, arn = entry.partition("=")
        name = _ROLE.match(arn)
        if not project or not equals or name is None:
            raise SettingsError(
                f"TOWLINE_JOB_ROLES has {entry!r}: it must be project=role-arn, and the role must "
                "have no path"
            )
        if not name[1].startswith(prefix):
            raise SettingsError(
                f"TOWLINE_JOB_ROLES gives {project} the role {name[1]}: a job role's name must "
                f"begin with {prefix}, as the service may pass on no other"
            )
        if project in roles:
            raise SettingsError(f"TOWLINE_JOB_ROLES names the project {project} twice")
        roles[project] = arn
    return roles


def _days(environ: Mapping[str, str], name: str) -> int | None:
    """A number of whole days; None when it is not set, or 0: without an end."""
    text = environ.get(name) or "0"
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise SettingsError(f"{name} is {text!r}: it must be a whole number of days, 0 for no end")
    return int(text) or None


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        raise SettingsError(f"{name} is {text!r}: it must be a number") from None
    if not 0 <= value < float("inf"):
        raise SettingsError(f"{name} is {text!r}: it must be a number that is not negative")
    return value
