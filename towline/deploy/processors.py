"""Which processors the functions and the jobs are for: as asked, else as the stage has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from towline.deploy import names
from towline.deploy.package import ARCHITECTURE_OUTPUT, ARCHITECTURES, Architecture
from towline.deploy.stack import ROLLED_BACK, find_stack
from towline.deploy.wanted_stacks import ARCHS_PARAMETER

if TYPE_CHECKING:
    from towline.deploy.account import Account

FUNCTIONS_DEFAULT: Architecture = "arm64"
JOBS_DEFAULT: Architecture = "x86_64"


@dataclass(frozen=True, slots=True)
class Processors:
    functions: Architecture
    jobs: Architecture


def processors(
    account: Account, stage: str, *, functions: str | None, jobs: str | None
) -> Processors:
    """What was asked for; None: as the service has it, as an update changes nothing unasked.

    Raises ``DeployError`` when the stage can't be looked at.
    """
    there = find_stack(account.cloudformation(), names.service_stack(stage))
    if there is None or not there.has_resources or there.status == ROLLED_BACK:
        had_functions = had_jobs = ""
    else:
        had_functions = there.outputs.get(ARCHITECTURE_OUTPUT, "")
        had_jobs = there.parameters.get(ARCHS_PARAMETER, "")
    return Processors(
        functions=_known(functions or had_functions) or FUNCTIONS_DEFAULT,
        jobs=_known(jobs or had_jobs) or JOBS_DEFAULT,
    )


def _known(name: str) -> Architecture | None:
    return next((known for known in ARCHITECTURES if known == name), None)
