"""What ECR says of images: by its own answers (moto), and by answers that moto does not know."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.ecr_images import EcrImages
from chalicelib.domain.image_reference import parse_reference
from chalicelib.ports import CannotTell, ImageFacts, NoSuchImage, Platforms
from tests.aws.world import World

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "c" * 64}


def index(*arches: str) -> str:
    platforms = [{"os": "linux", "architecture": arch} for arch in arches]
    entries = [
        {"mediaType": MANIFEST, "digest": f"sha256:{n:064x}", "size": 1, "platform": platform}
        for n, platform in enumerate(platforms)
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})


def ask(clients: AwsClients, image: str, config: bytes | None = None) -> ImageFacts | None:
    return EcrImages(clients, lambda url: config).inspect(parse_reference(image))


class Answers:
    """A client whose next requests are answered with these, or refused by code."""

    def __init__(self, clients: AwsClients) -> None:
        self.clients = clients
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        clients.ecr().meta.events.register("before-call.ecr", self._answer)

    def _answer(self, model: Any, params: Any, **_: Any) -> Any:
        self.asked.append((model.name, json.loads(params["body"])))
        answer = self.answers[model.name]
        if isinstance(answer, str):
            raise ClientError({"Error": {"Code": answer, "Message": ""}}, model.name)

        class Http:
            status_code = 200

        return Http(), answer


@pytest.fixture
def ecr() -> Answers:
    clients = AwsClients(
        region="eu-west-1", endpoint="http://127.0.0.1:1", credentials=AwsCredentials("A", "s")
    )
    return Answers(clients)


def test_an_index_names_its_platforms(world: World) -> None:
    repository = f"acme/web{world.number}"
    world.clients.ecr().create_repository(repositoryName=repository)
    world.clients.ecr().put_image(
        repositoryName=repository, imageTag="1", imageManifest=index("amd64", "arm64")
    )
    found = ask(world.clients, f"{HOST}/{repository}:1")
    assert found == Platforms(frozenset({"linux/amd64", "linux/arm64"}))


@pytest.mark.parametrize(
    "image",
    [
        "debian:12",
        "ghcr.io/acme/web:1",
        "12345.dkr.ecr.eu-west-1.amazonaws.com/web:1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example/web:1",
        "public.ecr.aws/debian/debian:12",
    ],
)
def test_other_registries_are_not_its_business(ecr: Answers, image: str) -> None:
    assert ask(ecr.clients, image) is None
    assert ecr.asked == []


@pytest.mark.parametrize(
    "host",
    [
        HOST,
        "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-west-1.on.aws",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn",
    ],
)
def test_a_single_images_platform_is_in_its_configuration(ecr: Answers, host: str) -> None:
    manifest = json.dumps({"config": CONFIG})
    ecr.answers = {
        "BatchGetImage": {"images": [{"imageManifest": manifest}], "failures": []},
        "GetDownloadUrlForLayer": {"downloadUrl": "https://s3.example/x", "layerDigest": "d"},
    }
    config = b'{"os": "linux", "architecture": "arm64"}'
    assert ask(ecr.clients, f"{host}/web:1", config) == Platforms(frozenset({"linux/arm64"}))
    (_, image), (_, layer) = ecr.asked
    assert (image["registryId"], image["repositoryName"]) == ("123456789012", "web")
    assert image["imageIds"] == [{"imageTag": "1"}]
    assert layer["layerDigest"] == CONFIG["digest"]
    assert isinstance(ask(ecr.clients, f"{host}/web:1", None), CannotTell)


def test_an_image_is_asked_for_by_its_digest(ecr: Answers) -> None:
    digest = "sha256:" + "d" * 64
    ecr.answers["BatchGetImage"] = {"images": [{"imageManifest": index("amd64")}], "failures": []}
    assert isinstance(ask(ecr.clients, f"{HOST}/web@{digest}"), Platforms)
    assert ecr.asked[0][1]["imageIds"] == [{"imageDigest": digest}]


@pytest.mark.parametrize(
    "missing",
    [
        "RepositoryNotFoundException",
        {"images": [], "failures": [{"failureCode": "ImageNotFound"}]},
    ],
)
@pytest.mark.parametrize(
    ("rules", "certain"),
    [([], True), (["hub"], True), (["acme"], False), (["acme/web"], True), (["ROOT"], False)],
)
def test_what_is_missing_is_so_unless_a_rule_would_fetch_it(
    ecr: Answers, missing: Any, rules: list[str], certain: bool
) -> None:
    listed = [{"ecrRepositoryPrefix": prefix} for prefix in rules]
    ecr.answers = {
        "BatchGetImage": missing,
        "DescribePullThroughCacheRules": {"pullThroughCacheRules": listed},
    }
    found = ask(ecr.clients, f"{HOST}/acme/web:1")
    assert isinstance(found, NoSuchImage if certain else CannotTell)


@pytest.mark.parametrize(
    "answers",
    [
        {"BatchGetImage": "AccessDeniedException"},
        {"BatchGetImage": "ThrottlingException"},
        {"BatchGetImage": {"images": [], "failures": [{"failureCode": "InvalidImageTag"}]}},
        {"BatchGetImage": {"images": [{}], "failures": []}},
        {"BatchGetImage": {"images": [{"imageManifest": "x"}], "failures": []}},
        {
            "BatchGetImage": "RepositoryNotFoundException",
            "DescribePullThroughCacheRules": "AccessDeniedException",
        },
    ],
)
def test_what_is_not_certain_keeps_nobody_out(ecr: Answers, answers: dict[str, Any]) -> None:
    ecr.answers = answers
    assert isinstance(ask(ecr.clients, f"{HOST}/web:1"), CannotTell)


def test_another_region_is_not_asked(ecr: Answers) -> None:
    found = ask(ecr.clients, "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1")
    assert isinstance(found, CannotTell)
    assert ecr.asked == []


def test_an_ecr_that_cannot_be_reached_keeps_nobody_out(ecr: Answers) -> None:
    ecr.clients.ecr().meta.events.unregister("before-call.ecr", ecr._answer)
    assert isinstance(ask(ecr.clients, f"{HOST}/web:1"), CannotTell)
