"""What a deployment tells the service: one frozen value, read from the environment in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    upload_url: str | None = None
    """Local mode only: where upload permits point, instead of the bucket."""
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
            upload_url=environ.get("TOWLINE_UPLOAD_URL") or None,
            flush_s=_number(environ, "TOWLINE_FLUSH_S", DEFAULT_FLUSH_S),
        )


def _required(environ: Mapping[str, str], name: str, meaning: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set: it must hold {meaning}")
    return value


def _words(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word for word in environ.get(name, "").replace(",", " ").split() if word)


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        raise SettingsError(f"{name} is {text!r}: it must be a number") from None
    if not 0 <= value < float("inf"):
        raise SettingsError(f"{name} is {text!r}: it must be a number that is not negative")
    return value
