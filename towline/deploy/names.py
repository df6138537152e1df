"""What things are called in an account: one stage has two stacks and one prefix."""

from __future__ import annotations

import re

from towline.deploy.errors import DeployError

DEFAULT_STAGE = "dev"
STAGE_TAG = "towline:stage"
DATA_SUFFIX = "-data"

# The templates check the same; here it comes before anything is asked of AWS.
_STAGE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
MAX_STAGE = 20
"""As the templates have it: names made from it must fit everywhere."""


def check_stage(stage: str) -> str:
    """The stage as it is. Raises ``DeployError`` when things can't be named after it."""
    if not _STAGE.match(stage) or len(stage) > MAX_STAGE:
        raise DeployError(
            f"--stage {stage!r} can't be a stage's name: it takes up to {MAX_STAGE} small letters, "
            "digits and single hyphens, and begins with a letter"
        )
    if f"-{stage}".endswith(DATA_SUFFIX):
        raise DeployError(
            f"--stage {stage!r} can't be a stage's name: what ends in 'data' would be taken for "
            "another stage's data stack"
        )
    return stage


def service_stack(stage: str) -> str:
    """Functions, queues, cluster, roles, alarms: what ``towline destroy`` deletes."""
    return f"towline-{stage}"


def data_stack(stage: str) -> str:
    """Table, buckets, registry: what outlives a ``towline destroy``."""
    return f"towline-{stage}{DATA_SUFFIX}"


def parameter_prefix(stage: str) -> str:
    """Where the stage's key and its projects' secrets are in SSM."""
    return f"/towline/{stage}"


def registry_secrets_prefix(stage: str) -> str:
    """Where the stage's registry credentials are in Secrets Manager."""
    return f"towline/{stage}/registry/"
