"""What CloudFormation found before it would carry anything out, which it keeps apart.

A change set that fails its "early validation" says only that it did, such as for a name that is
taken; what is wrong, and where, has to be asked for.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

SHOWN = 5


def found_early(cfn: CloudFormationClient, change_set_id: str) -> str:
    """What is wrong with a failed change set, resource by resource; '' when nothing is told.

    Never raises: without this the reason of the change set itself is better than none.
    """
    try:
        answer = cfn.describe_events(ChangeSetName=change_set_id, Filters={"FailedEvents": True})
    except (ClientError, BotoCoreError):
        return ""
    said = []
    for event in answer.get("OperationEvents", ()):
        words = event.get("ValidationStatusReason") or event.get("HookStatusReason")
        line = f"{event.get('LogicalResourceId') or 'the stack'}: {words}"
        if words and line not in said:
            said.append(line)
    more = f"; and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    return "; ".join(said[:SHOWN]) + more
