"""Which runner's image the service gets: the one named, one built here, or one that is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.ports import CannotTell, ImageFacts, NoSuchImage
from towline.deploy import names, runner_image
from towline.deploy.errors import DeployError, DeployFailed
from towline.deploy.runner_repository import RunnerRepository
from towline.deploy.stack import Stack, find_stack
from towline.deploy.wanted_stacks import ARCHS_PARAMETER, IMAGE_PARAMETER, REPOSITORY_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker

    from towline.deploy.account import Account
    from towline.deploy.order import Order
    from towline.deploy.progress import Progress

REGISTRY_ANSWERS_WITHIN_S = 15.0
NOT_PUSHED_YET = f"@sha256:{'0' * 64}"
"""Stands in a plan for the digest that only a push gives."""
NO_WAY = (
    "there is no runner's image yet and no Docker engine here: a deploy would stop before the "
    "service and say what to type"
)


def facts_of(account: Account, image: str, wanted: str) -> ImageFacts:
    """What the image's registry says of it, by the service's own way of asking. Never raises."""
    from chalicelib.aws.ecr_images import EcrImages
    from chalicelib.images.guarded_https import GuardedHttps, body_of
    from chalicelib.images.inspector import Inspector
    from chalicelib.images.registry import Registry

    https = GuardedHttps()
    ecr = EcrImages(account.service_clients(), lambda url: body_of(https, url))
    ways = (lambda reference, _: ecr.inspect(reference)), Registry(https).inspect
    inspector = Inspector(lambda: ways, budget_s=REGISTRY_ANSWERS_WITHIN_S)
    return inspector.inspect(image, None, wanted=wanted)


@dataclass(frozen=True, slots=True)
class ImageStep:
    account: Account
    order: Order
    progress: Progress
    engine: Callable[[], docker.DockerClient | None] = runner_image.engine
    inspect: Callable[[Account, str, str], ImageFacts] = facts_of

    def parameters(self, data: Stack) -> dict[str, str]:
        """The parameters that name the image; empty: as before. Pushes it when it isn't there.

        Raises ``DeployFailed`` with the commands to type when there is none and none can be made.
        """
        choice, repository = self.order.image, self._repository(data)
        if choice.reference is not None:
            return self._named(self._checked(runner_image.given(repository, choice.reference)))
        client = self.engine()
        if client is not None:
            try:
                return self._named(runner_image.built(client, repository, choice, self.progress))
            finally:
                client.close()
        if in_use := self._in_use():
            self.progress.warn(
                f"no Docker engine answers here: the runner's image stays as it is ({in_use})"
            )
            return {}
        newest = repository.newest()
        if newest is not None:
            self.progress.warn(
                "no Docker engine answers here: taking the runner's image that was pushed last, "
                f"{newest.tag} of {newest.pushed_at:%Y-%m-%d}"
            )
            return self._named(self._checked(f"{repository.uri}@{newest.digest}"))
        raise DeployFailed(self._none(repository))

    def planned(self, data: Stack) -> tuple[dict[str, str], str]:
        """As ``parameters``, without building or pushing; and a sentence about the image.

        An image that would be pushed has a digest of zeros here.
        """
        choice, repository = self.order.image, self._repository(data)
        if choice.reference is not None:
            image = self._checked(runner_image.given(repository, choice.reference))
            return self._named(image), ""
        client = self.engine()
        if client is not None:
            try:
                tag = runner_image.expected_tag(client, choice)
            finally:
                client.close()
            digest = repository.digest(tag) if tag else None
            if digest is not None:
                return self._named(f"{repository.uri}@{digest}"), ""
            return (
                self._named(repository.uri + NOT_PUSHED_YET),
                f"the runner's image {tag or ''} would be built and pushed".replace("  ", " "),
            )
        if in_use := self._in_use():
            return {}, f"no Docker engine answers here: the runner's image would stay {in_use}"
        newest = repository.newest()
        if newest is not None:
            return (
                self._named(f"{repository.uri}@{newest.digest}"),
                f"the runner's image {newest.tag} would be used, as no Docker engine answers here",
            )
        return (
            self._named(repository.uri + NOT_PUSHED_YET),
            NO_WAY,
        )

    def _checked(self, image: str) -> str:
        """The image, which its registry does not speak against. Raises ``DeployError``."""
        arch = self.order.image.arch
        wanted = runner_image.PLATFORMS[arch]
        facts = self.inspect(self.account, image, wanted)
        if isinstance(facts, NoSuchImage):
            raise DeployError(f"there is no runner's image {image}: {facts.said}")
        if isinstance(facts, CannotTell):
            self.progress.warn(f"the runner's image was not looked at: {facts.why}")
        elif wanted not in facts.names:
            raise DeployError(
                f"the runner's image {image} is for {', '.join(sorted(facts.names))}, but jobs of "
                f"--arch {arch} need {wanted}: none of them could start"
            )
        return image

    def _repository(self, data: Stack) -> RunnerRepository:
        return RunnerRepository(self.account.ecr(), data.outputs[REPOSITORY_OUTPUT])

    def _named(self, image: str) -> dict[str, str]:
        return {IMAGE_PARAMETER: image, ARCHS_PARAMETER: self.order.image.arch}

    def _in_use(self) -> str | None:
        """The image of the service as it is now; None when it is for other jobs' processor."""
        name = names.service_stack(self.order.stage)
        stack = find_stack(self.account.cloudformation(), name)
        if stack is None or not stack.has_resources:
            return None
        if stack.parameters.get(ARCHS_PARAMETER) not in (None, "", self.order.image.arch):
            return None
        return stack.parameters.get(IMAGE_PARAMETER) or None

    def _none(self, repository: RunnerRepository) -> str:
        commands = runner_image.commands(
            repository, self.order.image, region=self.account.region, stage=self.order.stage
        )
        return (
            "the runner's image is not in the account yet, and no Docker engine answers here to "
            "build it with. The data stack is ready, the service waits for the image. Repeat this "
            f"command where an engine is, or type there:\n{commands}"
        )
