"""What requests may hold. A ``JobSpec`` is the body of its own; the others are here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from chalicelib.domain.evidence import Report
from chalicelib.domain.image_reference import registry_name
from chalicelib.domain.model import Value
from chalicelib.domain.project import MAX_JOBS, Cpu, ForkPolicy, MemoryMib
from chalicelib.domain.spec import PROJECT_NAME
from chalicelib.ports import Scope

MAX_ARGV_CHARACTERS = 4096
MAX_DETAIL_CHARACTERS = 2000


class SecretBody(Value):
    """``PUT /secrets/{name}``."""

    value: str


class RegistryBody(Value):
    """``PUT /registries/{name}``."""

    registry: str
    username: Annotated[str, Field(min_length=1, max_length=1000)]
    password: Annotated[str, Field(min_length=1)]

    @field_validator("registry")
    @classmethod
    def _registry(cls, value: str) -> str:
        return registry_name(value)

    @field_validator("username")
    @classmethod
    def _username(cls, value: str) -> str:
        # A colon ends it where it is sent: https://www.rfc-editor.org/rfc/rfc7617#section-2
        if ":" in value or not value.isprintable():
            raise ValueError("a user name has no colon and no control characters")
        return value


class TokenBody(Value):
    """``POST /tokens``."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    expires_in_s: Annotated[float, Field(gt=0, le=10 * 366 * 86400)] | None = None
    project: str | None = None

    @field_validator("project")
    @classmethod
    def _project(cls, value: str | None) -> str | None:
        if value is not None and not PROJECT_NAME.match(value):
            raise ValueError("a project's name has letters, digits and . _ / - only, at most 100")
        return value


class ProjectBody(Value):
    """``PUT /projects``: what is not named stays as it is; null is none."""

    enabled: bool = True
    repository_id: Annotated[int, Field(gt=0)] | None = None
    installation_id: Annotated[int, Field(gt=0)] | None = None
    token_secret: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")] | None = None
    fork_checkout: bool = False
    image: str | None = None
    cpu: Cpu | None = None
    memory_mib: MemoryMib | None = None
    max_cpu: Cpu | None = None
    max_memory_mib: MemoryMib | None = None
    max_jobs: Annotated[int, Field(ge=1, le=MAX_JOBS)] | None = None
    forks: ForkPolicy = ForkPolicy.APPROVAL
    public_badge: bool = False


class FromRunner(BaseModel):
    """Fields that are not known are ignored, as the protocol says: versions may differ."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    protocol: int
    job: str

    @field_validator("protocol")
    @classmethod
    def _version(cls, value: int) -> int:
        if value != 1:
            raise ValueError(f"this service speaks version 1 of the protocol, not {value}")
        return value


class ClaimBody(FromRunner):
    """``POST /runner/claim``."""

    token: str
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    runner: str = ""


class HeartbeatBody(FromRunner):
    """``POST /runner/heartbeat``."""

    attempt: Annotated[int, Field(ge=1)]
    lease: str
    log_bytes: Annotated[int, Field(ge=0)] = 0


class ReportBody(FromRunner):
    """``POST /runner/report``."""

    attempt: Annotated[int, Field(ge=1)]
    lease: str
    report: Report

    @field_validator("report", mode="before")
    @classmethod
    def _fits_the_table(cls, value: Any) -> Any:
        """Cut what is for people only: a report must never be too large to be stored."""
        if not isinstance(value, dict):
            return value
        cut = dict(value)
        if isinstance(cut.get("detail"), str):
            cut["detail"] = cut["detail"][:MAX_DETAIL_CHARACTERS]
        if isinstance(cut.get("argv"), list):
            cut["argv"] = _cut_words(cut["argv"])
        return cut


def _cut_words(words: list[Any]) -> list[Any]:
    kept: list[Any] = []
    left = MAX_ARGV_CHARACTERS
    for word in words:
        if not isinstance(word, str):
            return words  # the model says what is wrong with it
        if len(word) + 1 > left:
            kept.append(word[: max(0, left - 1)] + "…")
            break
        kept.append(word)
        left -= len(word) + 1
    return kept
