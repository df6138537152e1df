"""What a deployment is asked for, what it is made of, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import towline
from towline.deploy.errors import DeployError
from towline.deploy.package import Package
from towline.deploy.runner_image import ImageChoice

if TYPE_CHECKING:
    from towline.deploy.operation import Outcome


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for."""

    stage: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    image: ImageChoice = field(default_factory=ImageChoice)
    new_token: bool = False
    continue_rollback: bool = False
    revert_drift: bool = False
    """Also put back what was changed by hand: CloudFormation compares templates alone."""


@dataclass(frozen=True, slots=True)
class Templates:
    """The two stacks' templates; the service's with the package that it is deployed with."""

    data: Mapping[str, Any]
    package: Package


@dataclass(frozen=True, slots=True)
class Deployed:
    """How it ended."""

    url: str
    token: str | None = field(repr=False)
    """The admin token that was made now; None: there was one already."""
    runner_image: str
    stacks: Mapping[str, Outcome]
    """Name of the stack -> what happened to it."""


def source_tree() -> Path:
    """Where ``app.py``, ``chalicelib`` and ``infra`` are. Raises ``DeployError``."""
    root = Path(towline.__file__).resolve().parent.parent
    if not (root / "infra" / "data.yaml").is_file():
        raise DeployError(
            f"{root} has no folder infra: this installation of Towline is incomplete. Deploy from "
            "a checkout of its repository (pip install -e .)"
        )
    return root
