"""The rule that sees failed pulls of the runner's image without any of our functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infra.deployment import REPOSITORY, deployment
from tests.infra.event_pattern import matches

RUNNER = f"{REPOSITORY}@sha256:{'a' * 64}"
MISSING = "CannotPullContainerError: failed to resolve ref {}: not found"


def containers(job_image: str, job_reason: str = "", payload_reason: str = "") -> list[Any]:
    """As ECS tells of them: no reason is no field."""
    found: list[dict[str, Any]] = [{"name": "job", "image": job_image, "lastStatus": "STOPPED"}]
    if job_reason:
        found[0]["reason"] = job_reason
    if payload_reason:
        found.append({"name": "payload", "image": RUNNER, "reason": payload_reason})
    elif job_image != RUNNER:
        found.append({"name": "payload", "image": RUNNER})
    return found


def event(told: list[Any], *, reason: str = "Task failed to start", **detail: Any) -> Any:
    cluster = deployment().value({"Fn::GetAtt": ["Cluster", "Arn"]})
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {
            "clusterArn": cluster,
            "lastStatus": "STOPPED",
            "desiredStatus": "STOPPED",
            "stoppedReason": reason,
            "containers": told,
            **detail,
        },
    }


def watched(what: Any, **parameters: Any) -> bool:
    return matches(deployment(**parameters).resource("PullWatch")["EventPattern"], what)


@pytest.mark.parametrize(
    "what",
    [
        event(containers(RUNNER, MISSING.format(RUNNER))),
        event(containers("debian:12", payload_reason=MISSING.format(RUNNER))),
        event(containers("debian:12"), reason=MISSING.format(RUNNER)),
        event(
            [], reason=f"CannotPullContainerError: The task can\u2019t pull '{RUNNER}' from ECR."
        ),
    ],
)
def test_a_failed_pull_of_the_runners_image_is_seen(what: Any) -> None:
    assert watched(what)


@pytest.mark.parametrize(
    "what",
    [
        # The user's own image, beside the runner's container that had no trouble.
        event(containers("debian:twelve", MISSING.format("debian:twelve"))),
        event(containers("debian:twelve"), reason=MISSING.format("debian:twelve")),
        # The runner's container ended, not for its pull.
        event(containers(RUNNER, "OutOfMemoryError: Container killed due to memory usage")),
        event(containers(RUNNER), reason="Essential container in task exited"),
        # Another cluster's task; and the same task before it is stopped.
        event(containers(RUNNER, MISSING.format(RUNNER)), clusterArn="arn:aws:ecs:x:1:cluster/y"),
        event(containers(RUNNER, MISSING.format(RUNNER)), lastStatus="DEPROVISIONING"),
    ],
)
def test_nothing_else_is(what: Any) -> None:
    assert not watched(what)


def test_without_a_runners_image_no_pull_is_the_runners() -> None:
    assert not watched(event(containers("debian:x", MISSING.format("debian:x"))), RunnerImage="")


def test_what_is_kept_of_the_event_holds_no_environment() -> None:
    [target] = deployment().resource("PullWatch")["Targets"]
    paths = target["InputTransformer"]["InputPathsMap"]
    assert not [path for path in paths.values() if path in ("$", "$.detail") or "overrid" in path]
    filled = target["InputTransformer"]["InputTemplate"]
    for name in paths:
        filled = filled.replace(f"<{name}>", json.dumps(name))
    assert json.loads(filled) == {name: name for name in paths}
