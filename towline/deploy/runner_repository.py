"""The ECR repository of the runner's images: what is in it, and how to log in."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from towline.deploy.aws_words import aws_calls, code_of

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient


@dataclass(frozen=True, slots=True)
class PushedImage:
    """An image that the repository holds."""

    digest: str
    tag: str
    pushed_at: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """What a push is allowed with; good for 12 hours."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunnerRepository:
    ecr: ECRClient
    uri: str
    """``<account>.dkr.ecr.<region>.amazonaws.com/<name>``."""

    @property
    def name(self) -> str:
        return self.uri.partition("/")[2]

    @property
    def registry(self) -> str:
        return self.uri.partition("/")[0]

    def digest(self, tag: str) -> str | None:
        """``sha256:...`` of the image with that tag; None: there is none. Tags never move."""
        with aws_calls(f"look for the runner's image {tag} in {self.name}"):
            try:
                found = self.ecr.describe_images(
                    repositoryName=self.name, imageIds=[{"imageTag": tag}]
                )["imageDetails"]
            except ClientError as error:
                if code_of(error) == "ImageNotFoundException":
                    return None
                raise
        return found[0]["imageDigest"] if found else None

    def newest(self) -> PushedImage | None:
        """The tagged image that was pushed last; None: the repository is empty."""
        found: list[PushedImage] = []
        with aws_calls(f"list the runner's images in {self.name}"):
            pages = self.ecr.get_paginator("describe_images")
            for page in pages.paginate(repositoryName=self.name, filter={"tagStatus": "TAGGED"}):
                found += [
                    PushedImage(shown["imageDigest"], shown["imageTags"][0], shown["imagePushedAt"])
                    for shown in page["imageDetails"]
                    if shown.get("imageTags")
                ]
        return max(found, key=lambda image: image.pushed_at, default=None)

    def login(self) -> Login:
        """Fresh credentials for the registry."""
        with aws_calls("get a login for the registry of the runner's images"):
            [data] = self.ecr.get_authorization_token()["authorizationData"]
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        return Login(user, password)
