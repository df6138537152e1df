"""What an account has once for all that runs in it: found, or made at the first deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from towline.deploy.aws_words import aws_calls, code_of

if TYPE_CHECKING:
    from towline.deploy.account import Account

ECS = "ecs.amazonaws.com"


def make_ecs_role(account: Account) -> bool:
    """Make the role that ECS works with in this account; False when it was there. Repeatable.

    A cluster with capacity providers can't be made without it.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
    """
    with aws_calls("make the service-linked role of ECS"):
        try:
            account.iam().create_service_linked_role(AWSServiceName=ECS)
        except ClientError as error:
            # "Service role name AWSServiceRoleForECS has been taken in this account"
            if code_of(error) in ("InvalidInput", "InvalidInputException", "EntityAlreadyExists"):
                return False
            raise
    return True


def api_log_role(account: Account) -> Literal["make", "existing"]:
    """Whether API Gateway already has a role to write logs with: one per account and region.

    The setting outlives its role, as when a first deployment was rolled back: then it is made.
    """
    with aws_calls("ask API Gateway for its role to write logs with"):
        role = str(account.apigateway().get_account().get("cloudwatchRoleArn") or "")
    return "existing" if role and not _is_gone(account, role) else "make"


def _is_gone(account: Account, role_arn: str) -> bool:
    """Whether there is no such role. False also when these credentials may not ask: others' roles
    are none of a deployer's business.
    """
    try:
        account.iam().get_role(RoleName=role_arn.rpartition("/")[2])
    except ClientError as error:
        return code_of(error) in ("NoSuchEntity", "NoSuchEntityException")
    return False
