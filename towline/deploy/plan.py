"""``towline deploy --plan``: what would change, asked of CloudFormation and then forgotten.

Nothing is created, built or pushed. One thing is left: the service's template in the packages
bucket, when that bucket is there, as CloudFormation reads large templates from S3 alone; it leaves
by itself after 30 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from towline.deploy import names
from towline.deploy.change import Change, added
from towline.deploy.stack import Stack, check_deployable, find_stack
from towline.deploy.wanted_stacks import PACKAGES_OUTPUT

if TYPE_CHECKING:
    from towline.deploy.deployment import Deployment

Action = Literal["create", "update", "none"]


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What would happen to one stack."""

    name: str
    action: Action
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    """What the changes alone don't say."""


def plan(deployment: Deployment) -> list[StackPlan]:
    """Both stacks, in the order of a deploy. Raises ``DeployError``."""
    deployment.wanted.check_parameters()
    stage = deployment.order.stage
    cfn = deployment.account.cloudformation()
    service = find_stack(cfn, names.service_stack(stage))
    check_deployable(service, stage=stage)
    data = find_stack(cfn, names.data_stack(stage))
    of_data = deployment.stacks.plan(deployment.wanted.data())
    return [
        StackPlan(names.data_stack(stage), _action(data, of_data), tuple(of_data)),
        _of_service(deployment, data, service),
    ]


def _of_service(deployment: Deployment, data: Stack | None, service: Stack | None) -> StackPlan:
    name = names.service_stack(deployment.order.stage)
    if data is None or PACKAGES_OUTPUT not in data.outputs:
        # A change set needs the template in a bucket that is not there.
        changes = added(deployment.templates.package.template)
        note = (
            "listed from the template here, before CloudFormation expands it: the bucket that it "
            "would read it from is not there yet"
        )
        return StackPlan(name, "create", tuple(changes), (note,))
    image, about_image = deployment.image.planned(data)
    wanted = deployment.wanted.service(data, image, only_template=True)
    found = deployment.stacks.plan(wanted)
    notes = (about_image,) if about_image else ()
    return StackPlan(name, _action(service, found), tuple(found), notes)


def _action(stack: Stack | None, changes: list[Change]) -> Action:
    if stack is None or not stack.has_resources:
        return "create"
    return "update" if changes else "none"
