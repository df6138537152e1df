"""The keys of ``.towline.yml``, what each of them takes, and what editors are told of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from chalicelib.domain.checkout import Submodules
from chalicelib.domain.model import Value
from chalicelib.domain.spec import Arch, Capacity, registry_credentials_name
from chalicelib.repofile import fields
from chalicelib.repofile.commands import CommandsField
from chalicelib.repofile.cron import MOST_SCHEDULES, Cron
from chalicelib.repofile.fields import Env, Shell
from chalicelib.repofile.filters import When
from chalicelib.repofile.matrix import MatrixField
from chalicelib.repofile.values import (
    Cpu,
    Duration,
    Grace,
    MemoryMib,
    Retries,
    Switch,
    Text,
    Words,
    one_of,
    whole,
)

_depth = WithJsonSchema({"type": "integer", "minimum": 0})
_arch = one_of(fields.arch, "x86_64", "arm64")
_capacity = one_of(fields.capacity, "on_demand", "spot")
_submodules = one_of(fields.submodules, True, False, "recursive")


class Section(Value):
    """A mapping of the file: a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Resources(Section):
    """What a job's container gets."""

    cpu: Cpu | None = Field(default=None, description="virtual CPUs: 0.5, 2 or 500m")
    memory: MemoryMib | None = Field(default=None, description="with its unit: 512m or 4g")


class Checkout(Section):
    """How the commit comes into the job's container."""

    wanted: bool = Field(default=True, exclude=True)
    depth: Annotated[int, PlainValidator(whole(0, 1_000_000)), _depth] = Field(
        default=1, description="how many commits of history; 0 for all of it"
    )
    submodules: Annotated[Submodules, _submodules[0], _submodules[1]] = Field(
        default="none", description="true, or recursive for submodules of submodules"
    )
    lfs: Switch = Field(default=False, description="whether to fetch the files of Git LFS")


class ScheduleEntry(Section):
    """When a branch is built without anybody pushing to it."""

    cron: Annotated[Cron, PlainValidator(fields.cron), WithJsonSchema({"type": "string"})] = Field(
        description="five fields in UTC, as in '30 3 * * 1-5': at most every 5 minutes"
    )
    branch: Text | None = Field(default=None, description="the default branch when left out")


class Job(Section):
    """One job, or one for each combination of its matrix."""

    image: Annotated[Text, AfterValidator(fields.image)] | None = Field(
        default=None, description="the container image; the project's default when left out"
    )
    registry_credentials: Annotated[Text, AfterValidator(registry_credentials_name)] | None = Field(
        default=None, description="name of the kept credentials that the image is pulled with"
    )
    shell: Shell | None = Field(
        default=None,
        description="the program that runs the phases, with options; when left out a block's own "
        "#! line, else bash when the image has it, else sh",
    )
    setup: CommandsField | None = Field(
        default=None, description="runs before the script; when it fails the script is not run"
    )
    script: CommandsField = Field(description="its exit status is the job's")
    after: CommandsField | None = Field(
        default=None,
        description="runs last, for at most five minutes, and never changes the verdict; "
        "$TOWLINE_RESULT says how the script ended",
    )
    env: Env = Field(default_factory=dict, description="variables of this job, over the file's")
    secrets: Annotated[Words, AfterValidator(fields.secrets)] = Field(
        default=(), description="names of the project's secrets that become variables"
    )
    matrix: MatrixField | None = Field(
        default=None,
        description="lists of values: one job for each combination, with ${{ matrix.NAME }} "
        "replaced and $MATRIX_NAME set",
    )
    needs: Words = Field(default=(), description="jobs that must have passed before this begins")
    timeout: Duration | None = Field(default=None, description="90s, 15m or 1h30m; 1h by default")
    silence_timeout: Duration | None = Field(
        default=None, description="how long it may print nothing; no limit by default"
    )
    grace: Grace | None = Field(
        default=None, description="between TERM and KILL when it is ended; 10s by default"
    )
    resources: Resources = Field(default=Resources(), description="CPUs and memory")
    arch: Annotated[Arch, _arch[0], _arch[1]] | None = Field(
        default=None, description="x86_64 or arm64"
    )
    capacity: Annotated[Capacity, _capacity[0], _capacity[1]] | None = Field(
        default=None, description="spot is cheaper and may be interrupted"
    )
    retry_lost: Retries | None = Field(
        default=None, description="new attempts after the machine under the job was lost"
    )
    allow_failure: Switch = Field(
        default=False, description="whether the build may pass when this job does not"
    )
    when: When = Field(default=When(), description="for which events the job is meant")
    checkout: Annotated[Checkout, BeforeValidator(fields.checkout)] = Field(
        default=Checkout(), description="how the commit is fetched; false for none"
    )
    user: Annotated[Text, AfterValidator(fields.user)] | None = Field(
        default=None, description="name, uid or uid:gid; the image's own when left out"
    )
    workdir: Annotated[Text, AfterValidator(fields.workdir)] | None = Field(
        default=None,
        description="a folder of the checkout, or an absolute path to have it in",
    )


DEFAULTABLE = frozenset(Job.model_fields) - {"script", "env", "matrix", "needs", "allow_failure"}


class Head(Section):
    """Everything but the jobs."""

    env: Env = Field(default_factory=dict, description="variables of every job")
    when: When = Field(default=When(), description="for which events there is a build at all")
    cancel_previous: Annotated[tuple[str, ...], PlainValidator(fields.cancel)] = Field(
        default=(),
        description="whether a newer push to a branch, or to a pull request, cancels the build "
        "before; or patterns of the branches where it does",
    )
    schedule: Annotated[dict[str, ScheduleEntry], AfterValidator(fields.schedules)] = Field(
        default_factory=dict,
        description="named times at which a branch is built",
        json_schema_extra={"maxProperties": MOST_SCHEDULES},
    )
