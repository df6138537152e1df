"""A project that was registered: what its jobs get, what they may have, and who may start them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from chalicelib.domain.model import Stored, Timestamp
from chalicelib.domain.project_trouble import ProjectTrouble
from chalicelib.domain.spec import (
    DEFAULT_CPU,
    DEFAULT_MEMORY_MIB,
    IMAGE_NAME,
    PROJECT_NAME,
    JobSpec,
)

MAX_JOBS = 500
"""The largest limit. Who has a slot is kept in one item, which each start and end of a job writes:
with more its writes would cost more than the smallest task."""

Cpu = Annotated[float, Field(gt=0, le=16)]
MemoryMib = Annotated[int, Field(ge=32, le=122880)]


class ForkPolicy(StrEnum):
    """What an event from a fork may start. Its jobs never have secrets or a role."""

    NEVER = "never"
    APPROVAL = "approval"
    """Those of people new to the project wait until somebody has looked at them."""
    ALWAYS = "always"


class Project(Stored):
    """The settings of one project. Names are lower-case, as GitHub's are the same in any case.

    A project that is not registered has the settings of none: its jobs come from the API alone.
    The role of its jobs is not among them: only the deployment gives one (``TOWLINE_JOB_ROLES``).
    """

    name: str = Field(description="`owner/repo` as on GitHub, or a plain name; lower-case")
    version: int = Field(default=1, description="rises with every write")
    created_at: Timestamp
    updated_at: Timestamp
    enabled: bool = Field(default=True, description="whether new jobs are taken")
    repository_id: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="GitHub's id of the repository, which outlives a new name"
    )
    repository: str | None = Field(
        default=None, description="the repository's present name, once it is not the project's"
    )
    installation_id: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="the GitHub App's installation that may read it"
    )
    token_secret: str | None = Field(
        default=None, description="the project's secret that holds a token for GitHub instead"
    )
    trouble: ProjectTrouble | None = Field(
        default=None, description="why it no longer works with GitHub, as GitHub told it"
    )
    checkout_token_at: Timestamp | None = Field(
        default=None, description="when its own checkout token was stored; null: it has none"
    )
    fork_checkout: bool = Field(
        default=False, description="whether jobs of forks are checked out with that token, too"
    )
    image: str | None = Field(default=None, description="of jobs that name none")
    cpu: Cpu | None = Field(default=None, description="vCPU of jobs that ask for none")
    memory_mib: MemoryMib | None = Field(default=None, description="of jobs that ask for none")
    max_cpu: Cpu | None = Field(default=None, description="the most that a job may ask for")
    max_memory_mib: MemoryMib | None = Field(
        default=None, description="the most that a job may ask for"
    )
    max_jobs: Annotated[int, Field(ge=1, le=MAX_JOBS)] | None = Field(
        default=None, description="jobs that may run at the same time; null: no limit"
    )
    forks: ForkPolicy = ForkPolicy.APPROVAL
    public_badge: bool = Field(
        default=False, description="whether anybody may see how its last builds ended"
    )

    @property
    def present_repository(self) -> str:
        """``owner/repo`` as GitHub calls it now, as far as it was told."""
        return self.repository or self.name

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not PROJECT_NAME.match(value):
            raise ValueError("a project's name has letters, digits and . _ / - only, at most 100")
        return project_key(value)

    @field_validator("image")
    @classmethod
    def _image(cls, value: str | None) -> str | None:
        if value is not None and not IMAGE_NAME.match(value):
            raise ValueError(f"{value!r} is not an image reference such as debian:12")
        return value

    @model_validator(mode="after")
    def _within_its_own_caps(self) -> Project:
        for name, given, most in (
            ("cpu", self.cpu, self.max_cpu),
            ("memory_mib", self.memory_mib, self.max_memory_mib),
        ):
            if given is not None and most is not None and given > most:
                raise ValueError(f"{name} is {given:g}, which is above max_{name}, {most:g}")
        return self


class OverCap(Exception):  # noqa: N818 - an answer about a spec
    """The spec asks for more than the project allows; ``field`` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def project_key(name: str) -> str:
    """The one spelling under which a registered project is found."""
    return name.lower()


def with_defaults(project: Project, spec: JobSpec) -> JobSpec:
    """The spec with what the project gives where the submitter said nothing.

    What is not set is never above a cap: a default of ours that is too much becomes the cap.
    Said, too, is what was said to be the usual value (pydantic's ``model_fields_set``).
    """
    given: dict[str, object] = {"project": project.name}
    if "image" not in spec.model_fields_set and project.image is not None:
        given["image"] = project.image
    if "cpu" not in spec.model_fields_set:
        given["cpu"] = project.cpu or min(DEFAULT_CPU, project.max_cpu or DEFAULT_CPU)
    if "memory_mib" not in spec.model_fields_set:
        most = project.max_memory_mib or DEFAULT_MEMORY_MIB
        given["memory_mib"] = project.memory_mib or min(DEFAULT_MEMORY_MIB, most)
    return spec.model_copy(update=given)


def check_caps(project: Project, spec: JobSpec) -> None:
    """Raises ``OverCap`` about the first thing that is more than the project allows."""
    if project.max_cpu is not None and spec.cpu > project.max_cpu:
        raise OverCap(
            "cpu",
            f"project {project.name} allows {project.max_cpu:g} vCPU at most, and the job asks for "
            f"{spec.cpu:g}",
        )
    most = project.max_memory_mib
    if most is not None and spec.memory_mib > most:
        raise OverCap(
            "memory_mib",
            f"project {project.name} allows {most} MiB at most, and the job asks for "
            f"{spec.memory_mib} MiB",
        )
