"""Kinds of text in GitHub's payloads, as strict as what is done with them later.

A pull request's author chooses names of branches and files. Git allows more in them than a log
line, a shell or a table's key should meet, so what git itself forbids is refused here again.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

NO_COMMIT = re.compile(r"0+\Z")
"""What a push has for the side that does not exist."""

_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\Z|\.\Z|\A/|\.lock(?:/|\Z)|(?:\A|/)\."
)


def _ref(given: str) -> str:
    """What ``git check-ref-format`` takes: https://git-scm.com/docs/git-check-ref-format."""
    if _FORBIDDEN.search(given):
        raise ValueError("is no name that git allows for a branch or tag")
    return given


Sha = Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
RefName = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_ref)]
FullName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/[A-Za-z0-9_.-]{1,100}$")
]
Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}(?:\[bot\])?$")]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z_]{0,63}$")]
Id = Annotated[int, Field(ge=0, lt=2**63)]
Number = Annotated[int, Field(ge=1, lt=2**31)]


class Wire(BaseModel):
    """A part of a payload: what is read is checked, what is not read is ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, defer_build=True)


class WireRepository(Wire):
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads (``repository``)."""

    id: Id
    full_name: FullName
    private: bool = True
    default_branch: RefName | None = None


class WireAccount(Wire):
    """A user, bot or organization."""

    login: Login


class WireInstallation(Wire):
    """Which installation of the App an event came by."""

    id: Id


class WireEvent(Wire):
    """What every event of one repository has."""

    repository: WireRepository
    installation: WireInstallation | None = None
    sender: WireAccount | None = None
