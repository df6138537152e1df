"""What a user asks for: one script (or command) and how to run it."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from chalicelib.domain.checkout import Checkout
from chalicelib.domain.model import Value

DEFAULT_TIMEOUT_S = 3600
MAX_TIMEOUT_S = 7 * 24 * 3600
DEFAULT_GRACE_S = 10
DEFAULT_QUEUE_TIMEOUT_S = 24 * 3600
DEFAULT_LOG_LIMIT = 1 << 30
DEFAULT_CPU = 1.0
DEFAULT_MEMORY_MIB = 2048
MAX_SCRIPT_BYTES = 4 << 20
MAX_FILES = 1000
MAX_FILES_BYTES = 4 << 20

ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
PROJECT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}\Z")
REGISTRY_CREDENTIALS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
# Secrets Manager puts a hyphen and six characters behind a name, and takes such an end for its own:
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
_LIKE_A_SUFFIX = re.compile(r".*-[A-Za-z0-9]{6}\Z")
IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}\Z")
MODE = r"^0?[0-7]{3}$"
USER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?\Z")


Arch = Literal["x86_64", "arm64"]
Capacity = Literal["on_demand", "spot"]


class JobFile(Value):
    """One file or directory that is made before the script starts, owned by the job's user.

    Parents that are missing are made, with mode 0755 and the same owner.
    """

    path: Annotated[str, Field(min_length=1, max_length=4000)] = Field(
        description="absolute, or relative to the job's directory; a trailing / makes a directory"
    )
    content_base64: str = Field(default="", description="exact bytes; empty for a directory")
    mode: Annotated[str, Field(pattern=MODE)] | None = Field(
        default=None, description="octal; null: 0644, for a directory 0755"
    )

    @field_validator("path")
    @classmethod
    def _path(cls, value: str) -> str:
        if "\0" in value or ".." in value.split("/") or not value.strip("/"):
            raise ValueError(f"{value!r} is not a path of a file: no '..', no NUL, not '/' itself")
        return value

    @model_validator(mode="after")
    def _content(self) -> JobFile:
        try:
            content = base64.b64decode(self.content_base64, validate=True)
        except binascii.Error:
            raise ValueError(f"the content of {self.path!r} is not base64") from None
        if content and self.path.endswith("/"):
            raise ValueError(f"{self.path!r} is a directory (it ends in '/'), so it has no content")
        return self


class JobSpec(Value):
    """One job as it was asked for. Frozen: a rerun submits the same spec again.

    Exactly one of ``script``, ``script_base64`` and ``command`` is given.
    """

    project: str = Field(default="default", description="whose job it is; secrets belong to it")
    name: str = Field(default="", max_length=200, description="for people; shown in lists")
    script: str | None = Field(default=None, description="the script's text")
    script_base64: str | None = Field(default=None, description="the script's exact bytes, base64")
    command: tuple[str, ...] | None = Field(default=None, description="an argv, run as it is")
    shell: tuple[str, ...] | None = Field(
        default=None,
        description="argv in front of the script's path; [] executes the file itself; null: its "
        "own #! line, else bash when the image has it, else sh",
    )
    image: str | None = Field(default=None, description="the job's image; null: the runner's own")
    registry_credentials: str | None = Field(
        default=None, description="name of the kept credentials that the image is pulled with"
    )
    script_mode: Annotated[str, Field(pattern=MODE)] = Field(
        default="0755", description="the script file's permissions, octal"
    )
    tells_phases: bool = Field(
        default=False,
        description="the script writes the names of its phases (setup, script, after) to "
        "descriptor 9",
    )
    files: tuple[JobFile, ...] = Field(
        default=(), max_length=MAX_FILES, description="made before the script starts"
    )
    env: dict[str, str | None] = Field(default_factory=dict, description="null unsets a variable")
    secrets: tuple[str, ...] = Field(default=(), description="names of the project's secrets")
    user: str | None = Field(default=None, description="name, uid or uid:gid; null: the image's")
    workdir: str | None = Field(default=None, description="absolute path; null: the image's")
    checkout: Checkout | None = Field(
        default=None, description="a commit to have in the working directory, which is fresh then"
    )
    timeout_s: Annotated[float, Field(gt=0, le=MAX_TIMEOUT_S)] = DEFAULT_TIMEOUT_S
    silence_timeout_s: Annotated[float, Field(gt=0, le=MAX_TIMEOUT_S)] | None = None
    queue_timeout_s: Annotated[float, Field(gt=0, le=MAX_TIMEOUT_S)] = DEFAULT_QUEUE_TIMEOUT_S
    grace_s: Annotated[float, Field(ge=0, le=110)] = DEFAULT_GRACE_S
    cpu: Annotated[float, Field(gt=0, le=16)] = Field(default=DEFAULT_CPU, description="vCPU")
    memory_mib: Annotated[int, Field(ge=32, le=122880)] = DEFAULT_MEMORY_MIB
    arch: Arch = "x86_64"
    capacity: Capacity = Field(
        default="on_demand", description="spot is cheaper and may be interrupted; Fargate only"
    )
    log_limit_bytes: Annotated[int, Field(ge=4096, le=1 << 40)] = DEFAULT_LOG_LIMIT
    retry_lost: Annotated[int, Field(ge=0, le=10)] = Field(
        default=0, description="new attempts after a runner was lost with the script under way"
    )
    pids_limit: Annotated[int, Field(ge=16, le=1 << 22)] | None = None

    @field_validator("project")
    @classmethod
    def _project(cls, value: str) -> str:
        if not PROJECT_NAME.match(value):
            raise ValueError("a project's name has letters, digits and . _ / - only, at most 100")
        return value

    @field_validator("image")
    @classmethod
    def _image(cls, value: str | None) -> str | None:
        if value is not None and not IMAGE_NAME.match(value):
            raise ValueError(f"{value!r} is not an image reference such as debian:12")
        return value

    @field_validator("registry_credentials")
    @classmethod
    def _registry_credentials(cls, value: str | None) -> str | None:
        return None if value is None else registry_credentials_name(value)

    @field_validator("env")
    @classmethod
    def _env(cls, value: dict[str, str | None]) -> dict[str, str | None]:
        for name, text in value.items():
            # BASH_FUNC_x%% and the like are legal in an environment, though not as shell names.
            if not name or "=" in name or "\0" in name or "\0" in (text or ""):
                raise ValueError(f"{name!r} can't be an environment variable")
        return value

    @field_validator("secrets")
    @classmethod
    def _secrets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not SECRET_NAME.match(name):
                raise ValueError(f"{name!r} is not a secret's name: letters, digits and _ only")
        return value

    @field_validator("user")
    @classmethod
    def _user(cls, value: str | None) -> str | None:
        if value is not None and not USER_NAME.match(value):
            raise ValueError(f"{value!r} is not a user: give a name, a uid, or uid:gid")
        return value

    @field_validator("workdir")
    @classmethod
    def _workdir(cls, value: str | None) -> str | None:
        if value is not None and (not value.startswith("/") or "\0" in value):
            raise ValueError("workdir must be an absolute path")
        return value

    @model_validator(mode="after")
    def _one_thing_to_run(self) -> JobSpec:
        given = [self.script, self.script_base64, self.command]
        if sum(item is not None for item in given) != 1:
            raise ValueError("give exactly one of script, script_base64 and command")
        if self.command is not None and (not self.command or not self.command[0]):
            raise ValueError("command must name a program")
        if self.registry_credentials is not None and self.image is None:
            raise ValueError("registry_credentials pull the job's own image: give an image, too")
        for word in (*(self.command or ()), *(self.shell or ())):
            if "\0" in word:
                raise ValueError("a command's words can't hold a NUL byte")
        if self.script_base64 is not None:
            try:
                base64.b64decode(self.script_base64, validate=True)
            except binascii.Error:
                raise ValueError("script_base64 is not base64") from None
        if len(self.script_bytes or b"") > MAX_SCRIPT_BYTES:
            raise ValueError(f"a script has at most {MAX_SCRIPT_BYTES >> 20} MiB")
        # Four characters of base64 hold three bytes.
        if sum(len(file.content_base64) for file in self.files) > MAX_FILES_BYTES // 3 * 4 + 4:
            raise ValueError(f"a job's files have at most {MAX_FILES_BYTES >> 20} MiB together")
        return self

    @property
    def script_bytes(self) -> bytes | None:
        """The script's exact bytes, or None when a command is given."""
        if self.script is not None:
            return self.script.encode("utf-8", "surrogateescape")
        if self.script_base64 is not None:
            return base64.b64decode(self.script_base64)
        return None


def registry_credentials_name(text: str) -> str:
    """The name if kept registry credentials can have it. Raises ``ValueError`` in words."""
    if not REGISTRY_CREDENTIALS_NAME.match(text):
        raise ValueError(
            f"{text[:100]!r} is not a name of registry credentials: letters, digits and . _ - "
            "only, at most 100, and a letter or digit first"
        )
    if _LIKE_A_SUFFIX.match(text):
        raise ValueError(
            f"{text!r} can't be a name of registry credentials: AWS Secrets Manager takes a hyphen "
            "and six characters at the end for its own; use _ or . instead"
        )
    return text
