"""ECR's registry: where it is, and that an image deleted from it can't be pulled any more.

MiniStack serves the registry at its own port, but gives it the name that it has on AWS,
``<account>.dkr.ecr.<region>.amazonaws.com``, and goes on serving deleted images by their digests.
"""

from __future__ import annotations

import os
from typing import Any

from ministack.services import ecr

ADDRESS = f"127.0.0.1:{os.environ.get('GATEWAY_PORT', '4566')}"


def bridge() -> None:
    ecr._repo_uri = _repository_uri
    ecr._batch_delete_image = _delete_images


_original_delete = ecr._batch_delete_image


def _repository_uri(name: str) -> str:
    return f"{ADDRESS}/{name}"


def _delete_images(data: dict[str, Any]) -> Any:
    answer = _original_delete(data)
    name = data.get("repositoryName", "")
    kept = {image["imageId"].get("imageDigest") for image in ecr._images.get(name, [])}
    manifests = ecr._manifest_blobs.get(name, {})
    for digest in set(manifests) - kept:
        del manifests[digest]
    return answer
