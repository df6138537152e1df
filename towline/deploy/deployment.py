"""``towline deploy``: data stack, runner's image, packages, service stack, first token."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towline.deploy import names
from towline.deploy.account_wide import make_ecs_role
from towline.deploy.aws_words import aws_calls
from towline.deploy.change_set import Wanted
from towline.deploy.deployed_service import deployed_service
from towline.deploy.errors import DeployFailed
from towline.deploy.first_token import admin_token
from towline.deploy.operation import Outcome, Stacks
from towline.deploy.order import Deployed, Order, Templates
from towline.deploy.stack import STUCK, Stack, check_deployable, find_stack
from towline.deploy.wanted_stacks import IMAGE_PARAMETER, TABLE_OUTPUT, WantedStacks, url_of

if TYPE_CHECKING:
    from towline.deploy.account import Account
    from towline.deploy.image_step import ImageStep
    from towline.deploy.progress import Progress
    from towline.deploy.timing import Timing


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment's steps. Each may be repeated; a killed one is taken up by the next."""

    account: Account
    order: Order
    templates: Templates
    image: ImageStep
    progress: Progress
    timing: Timing
    random_bytes: Callable[[int], bytes] = os.urandom

    @property
    def stacks(self) -> Stacks:
        return Stacks(
            self.account.cloudformation(),
            self.order.stage,
            self.progress,
            self.timing,
            self._new_name,
        )

    @property
    def wanted(self) -> WantedStacks:
        return WantedStacks(self.account, self.order, self.templates, self.progress.say)

    def run(self) -> Deployed:
        """Carry it out. Raises ``DeployError``; ``DeployFailed`` when AWS did not."""
        self.wanted.check_parameters()
        if self.order.continue_rollback:
            self._continue_rollbacks()
        # Before anything is begun: this stack comes last, but may be what can't be changed now.
        service_name = names.service_stack(self.order.stage)
        before = self._find(service_name)
        check_deployable(before, stage=self.order.stage)
        if (before is None or not before.has_resources) and make_ecs_role(self.account):
            self.progress.say("made the role that ECS works with in this account")
        data, of_data = self._data()
        image = self.image.parameters(data)
        of_service = self._apply(service_name, self.wanted.service(data, image))
        deployed = self._there(service_name)
        return Deployed(
            url=url_of(deployed),
            token=self._token(data),
            runner_image=deployed.parameters.get(IMAGE_PARAMETER, ""),
            stacks={data.name: of_data, service_name: of_service},
        )

    def _data(self) -> tuple[Stack, Outcome]:
        name = names.data_stack(self.order.stage)
        outcome = self._apply(name, self.wanted.data())
        data = self._there(name)
        if not data.is_protected:
            with aws_calls(f"protect the stack {name} from deletion", begun=True):
                self.account.cloudformation().update_termination_protection(
                    StackName=data.id, EnableTerminationProtection=True
                )
        return data, outcome

    def _apply(self, name: str, wanted: Wanted) -> Outcome:
        outcome = self.stacks.apply(wanted)
        if outcome == "unchanged":
            self.progress.say(f"the stack {name} is as it should be")
        return outcome

    def _token(self, data: Stack) -> str | None:
        dispatcher = deployed_service(
            self.account,
            table=data.outputs[TABLE_OUTPUT],
            stage=self.order.stage,
            clock=self.timing.now,
            random_bytes=self.random_bytes,
        )
        return admin_token(dispatcher, anyway=self.order.new_token)

    def _continue_rollbacks(self) -> None:
        for name in (names.data_stack(self.order.stage), names.service_stack(self.order.stage)):
            stack = self._find(name)
            if stack is not None and stack.status == STUCK:
                self.stacks.continue_rollback(stack)

    def _find(self, name: str) -> Stack | None:
        return find_stack(self.account.cloudformation(), name)

    def _there(self, name: str) -> Stack:
        found = self._find(name)
        if found is None:
            raise DeployFailed(f"the stack {name} has vanished: is somebody destroying it?")
        return found

    def _new_name(self) -> str:
        return f"towline-{self.timing.now():%Y%m%dT%H%M%S}-{self.random_bytes(4).hex()}"
