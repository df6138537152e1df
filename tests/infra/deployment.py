"""The service's template parts as one deployment has them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from tests.infra.intrinsics import ACCOUNT, REGION, Rendered
from towline.deploy.template_parts import join_parts

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/towline-test-runner"
VALUES: dict[str, Any] = {
    "Stage": "test",
    "TableName": "towline-test-jobs",
    "TableArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/towline-test-jobs",
    "TableStreamArn": (
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/towline-test-jobs/stream/2026-01-01T00:00:00.000"
    ),
    "BucketName": "towline-test-logs",
    "PackagesBucket": "towline-test-packages",
    "RunnerRepositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/towline-test-runner",
    "RunnerImage": f"{REPOSITORY}@sha256:{'a' * 64}",
}
"""What has no default, and the runner's image."""


@functools.cache
def parts() -> dict[str, Any]:
    return join_parts(ROOT / "infra" / "service")


def deployment(**parameters: Any) -> Rendered:
    """The template with these parameters beside the usual ones."""
    return Rendered(parts(), {**VALUES, **parameters})
