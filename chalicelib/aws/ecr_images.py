"""What an image in ECR runs on: asked with the service's own permissions, not as a stranger.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code
from chalicelib.domain.image_manifest import (
    MEDIA_TYPES,
    InConfig,
    platforms_of_config,
    platforms_of_manifest,
)
from chalicelib.domain.image_reference import ImageReference
from chalicelib.ports import CannotTell, ImageFacts, NoSuchImage, Platforms

_HOST = re.compile(
    r"([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|amazonaws\.com\.cn|on\.aws)\Z"
)
ROOT = "ROOT"
"""The prefix of a pull-through rule for every repository."""

Fetch = Callable[[str], bytes | None]
"""The body at an address, None when it can't be had."""


class EcrImages:
    """Images of ECR registries in this region; of other accounts as far as they allow it."""

    def __init__(self, clients: AwsClients, fetch: Fetch) -> None:
        self._clients = clients
        self._fetch = fetch

    def inspect(self, image: ImageReference) -> ImageFacts | None:
        """None: not an ECR image. Never raises. One to three requests; may be repeated."""
        from botocore.exceptions import BotoCoreError, ClientError

        host = _HOST.match(image.registry)
        if host is None:
            return None
        account, region = host.groups()
        if region != self._clients.region:
            return CannotTell(f"the image is in {region}, this service in {self._clients.region}")
        try:
            return self._inspect(account, image)
        except ClientError as error:
            return CannotTell(f"ECR answered {error_code(error)}")
        except BotoCoreError as error:
            return CannotTell(f"ECR could not be asked: {error}")

    def _inspect(self, account: str, image: ImageReference) -> ImageFacts:
        manifest, why = self._manifest(account, image)
        if manifest is None:
            if why is None:
                return CannotTell("ECR does not show the image's manifest")
            return self._missing(account, image, why)
        found = platforms_of_manifest(manifest)
        if isinstance(found, InConfig):
            answer = self._clients.ecr().get_download_url_for_layer(
                registryId=account, repositoryName=image.repository, layerDigest=found.digest
            )
            config = self._fetch(answer["downloadUrl"])
            found = None if config is None else platforms_of_config(config)
        if found is None:
            return CannotTell("ECR does not say what the image runs on")
        return Platforms(found)

    def _manifest(self, account: str, image: ImageReference) -> tuple[str | None, str | None]:
        """The manifest, or why it is certainly not there, or neither."""
        from botocore.exceptions import ClientError

        wanted: Any = {"imageDigest" if image.is_digest else "imageTag": image.version}
        try:
            answer = self._clients.ecr().batch_get_image(
                registryId=account,
                repositoryName=image.repository,
                imageIds=[wanted],
                acceptedMediaTypes=list(MEDIA_TYPES),
            )
        except ClientError as error:
            if error_code(error) == "RepositoryNotFoundException":
                return None, "ECR has no such repository"
            raise
        if answer["images"]:
            return answer["images"][0].get("imageManifest"), None
        codes = [failure.get("failureCode") for failure in answer.get("failures", [])]
        return None, "ECR has no such image in the repository" if "ImageNotFound" in codes else None

    def _missing(self, account: str, image: ImageReference, why: str) -> ImageFacts:
        """A pull-through rule makes what is missing when it is pulled.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
        """
        pages = self._clients.ecr().get_paginator("describe_pull_through_cache_rules")
        for page in pages.paginate(registryId=account):
            for rule in page["pullThroughCacheRules"]:
                prefix = rule["ecrRepositoryPrefix"]
                if prefix == ROOT or image.repository.startswith(f"{prefix}/"):
                    return CannotTell(f"ECR may fetch it by its rule for {prefix}")
        return NoSuchImage(why)
