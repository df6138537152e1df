"""The two stacks as they should be: template, parameters, tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from towline.deploy import names, parameters
from towline.deploy.account_wide import api_log_role
from towline.deploy.change_set import Wanted
from towline.deploy.stack import ROLLED_BACK, Stack, find_stack
from towline.deploy.uploads import PackagesBucket, template_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from towline.deploy.account import Account
    from towline.deploy.order import Order, Templates

# Logical ids, parameters and outputs of infra/: the two stacks' contract.
IMAGE_PARAMETER = "RunnerImage"
ARCHS_PARAMETER = "RunnerArchs"
URL_PARAMETER = "PublicUrl"
ALARM_PARAMETER = "AlarmEmail"
API_LOGS_PARAMETER = "ApiGatewayLogRole"
PACKAGES_OUTPUT = "PackagesBucket"
TABLE_OUTPUT = "TableName"
REPOSITORY_OUTPUT = "RunnerRepositoryUri"
URL_OUTPUT = "Url"
COMPUTED = ("Stage", IMAGE_PARAMETER, ARCHS_PARAMETER)


@dataclass(frozen=True, slots=True)
class WantedStacks:
    account: Account
    order: Order
    templates: Templates
    say: Callable[[str], None]

    def check_parameters(self) -> None:
        """Raise ``DeployError`` for names and values that no template takes, before AWS is asked
        for anything."""
        of_data, of_service = self.templates.data, self.templates.package.template
        # What the data stack gives, the service's can't be told otherwise.
        passed_on = set(of_data["Outputs"]) - set(of_data["Parameters"])
        parameters.check_known(
            self.order.parameters, (of_data, of_service), computed={*COMPUTED, *passed_on}
        )
        parameters.check_values(self.order.parameters, (of_data, of_service))

    def data(self) -> Wanted:
        """The data stack. Uploads nothing: the bucket to upload to is in it."""
        name = names.data_stack(self.order.stage)
        old = find_stack(self.account.cloudformation(), name)
        before, given = _before(old), dict(self.order.parameters)
        if before is None and API_LOGS_PARAMETER in self.templates.data["Parameters"]:
            # Found once: later the role that is there may be the stack's own.
            given.setdefault(API_LOGS_PARAMETER, api_log_role(self.account))
        return Wanted(
            name=name,
            body=template_text(self.templates.data),
            parameters=parameters.for_stack(
                self.templates.data,
                computed={"Stage": self.order.stage},
                given=given,
                before=before,
            ),
            tags=self._tags(old),
            revert_drift=self.order.revert_drift,
        )

    def service(
        self, data: Stack, image: Mapping[str, str], *, only_template: bool = False
    ) -> Wanted:
        """The service's stack; what it is made of is uploaded.

        ``only_template``: for a plan, as CloudFormation reads no packages to make a change set.
        """
        name = names.service_stack(self.order.stage)
        old = find_stack(self.account.cloudformation(), name)
        return Wanted(
            name=name,
            parameters=parameters.for_stack(
                self.templates.package.template,
                computed={"Stage": self.order.stage, **image, **data.outputs},
                given=self.order.parameters,
                before=_before(old),
            ),
            url=self._upload(data, only_template=only_template),
            tags=self._tags(old),
            revert_drift=self.order.revert_drift,
        )

    def _upload(self, data: Stack, *, only_template: bool) -> str:
        bucket = PackagesBucket(
            self.account.s3(), data.outputs[PACKAGES_OUTPUT], self.account.id, self.say
        )
        package = self.templates.package
        if not only_template:
            bucket.put(package.code.read_bytes(), package.code_key)
            bucket.put(package.layer.read_bytes(), package.layer_key)
        return bucket.put_template(template_text(package.template))

    def _tags(self, old: Stack | None) -> dict[str, str]:
        """Ours, beside those that somebody put on the stack: an update takes none away."""
        return {**(old.tags if old else {}), names.STAGE_TAG: self.order.stage}


def url_of(stack: Stack) -> str:
    """What clients call: the address that was given, else API Gateway's own."""
    return stack.parameters.get(URL_PARAMETER) or stack.outputs.get(URL_OUTPUT, "")


def _before(old: Stack | None) -> Mapping[str, str] | None:
    """The parameters that a stack has; None for one that holds nothing."""
    if old is None or not old.has_resources or old.status == ROLLED_BACK:
        return None
    return old.parameters
