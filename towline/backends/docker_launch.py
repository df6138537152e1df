"""Brings one task up: its image, its container, its start. Runs on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.ports import LaunchRequest, RegistryLogin, ServiceTrouble
from towline.backends.docker_container import container_settings
from towline.backends.docker_engine import Engine, EngineFacts, EngineRefusal
from towline.backends.docker_images import ImageUnavailable, digest_of, have_image
from towline.backends.tasks import TaskBook, TaskRecord

if TYPE_CHECKING:
    from towline.runner_build import RunnerImage

HostOptions = Callable[[LaunchRequest], Mapping[str, Any]]
"""What a job's container has besides (``HostConfig`` of the engine's API), small tmpfs say."""


Logins = Callable[[str], RegistryLogin | None]
"""Kept registry credentials by name."""


class CannotStart(Exception):  # noqa: N818
    """The task will never run. The text is ECS's words; ``runner``: the runner's image is why."""

    def __init__(self, reason: str, *, runner: str | None = None) -> None:
        super().__init__(reason)
        self.runner = runner


class Brought(Enum):
    """What came of a launch."""

    UP = auto()
    OVER = auto()
    """It was started earlier, and has ended already."""
    NOT = auto()
    """It was asked to stop first: there is no container."""


class Made(Enum):
    """What came of creating a container. ``BEFORE``: an earlier try of the same launch made it."""

    NOW = auto()
    BEFORE = auto()
    NOT = auto()


@dataclass(frozen=True)
class Launching:
    """What is the same for all launches of one backend."""

    engine: Engine
    facts: EngineFacts
    tasks: TaskBook
    owner: str
    network: str
    runner_url: Callable[[], str]
    runner: Callable[[bool], RunnerImage]
    """``True``: look for it again, it seems to be gone."""
    clock: Callable[[], datetime]
    host_options: HostOptions
    logins: Logins

    def bring_up(self, record: TaskRecord) -> Brought:
        """Start the task, unless it was asked to stop first.

        May be repeated after ``EngineGone``: the container is found by its name. Raises
        ``CannotStart`` for what will not get better.
        """
        try:
            brought = self._bring_up(record)
        except ImageUnavailable as unavailable:
            raise CannotStart(str(unavailable)) from unavailable
        except EngineRefusal as refusal:
            raise CannotStart(f"CannotStartContainerError: {refusal.message}") from refusal
        except ServiceTrouble as trouble:
            words = f"CannotPullContainerError: the runner's image can't be had: {trouble}"
            raise CannotStart("Task failed to start", runner=words) from trouble
        if brought is Brought.UP:
            record.started_at = record.started_at or self.clock()
        return brought

    def _bring_up(self, record: TaskRecord) -> Brought:
        made = self._create(record)
        if made is Made.NOT:
            return Brought.NOT
        if not self.tasks.begin(record.task_id):
            self.engine.remove(record.task_id)
            return Brought.NOT
        # An engine starts a container that has ended once more, and its first end is lost.
        if made is Made.BEFORE:
            status = self.engine.inspect(record.task_id)["State"]["Status"]
            if status != "created":
                return Brought.OVER if status in ("exited", "dead") else Brought.UP
        self.engine.start(record.task_id)
        return Brought.UP

    def _create(self, record: TaskRecord) -> Made:
        for again in (False, True):
            runner = self.runner(again)
            image = self._image(record, runner)
            if record.stop_reason is not None:
                return Made.NOT
            if image is None:
                continue
            settings = container_settings(
                record.request,
                owner=self.owner,
                runner=runner,
                image=image,
                facts=self.facts,
                runner_url=self.runner_url(),
                network=self.network,
                host_options=self.host_options(record.request),
            )
            try:
                self.engine.create(record.task_id, settings)
            except EngineRefusal as refusal:
                if refusal.status == HTTPStatus.CONFLICT:
                    return Made.BEFORE
                # Somebody may have removed the image between the look and the creation.
                if refusal.status != HTTPStatus.NOT_FOUND or again:
                    raise
            else:
                return Made.NOW
        raise EngineRefusal(HTTPStatus.NOT_FOUND, "No such image: the runner's was removed")

    def _image(self, record: TaskRecord, runner: RunnerImage) -> Mapping[str, Any] | None:
        """The image to run; None: the runner's own is not on the engine any more."""

        def pulling() -> None:
            record.pull_started_at = self.clock().isoformat()

        image: Mapping[str, Any] | None
        if record.request.image is None:
            image = self.engine.image(runner.image_id)
        else:
            image = have_image(
                self.engine,
                record.request.image,
                self.facts,
                on_pull=pulling,
                login=lambda: self._login(record.request.registry_credentials),
            )
        if record.pull_started_at and not record.pull_stopped_at:
            record.pull_stopped_at = self.clock().isoformat()
        record.image_digest = digest_of(image, record.request.image or "") if image else None
        return image

    def _login(self, name: str | None) -> RegistryLogin | None:
        if name is None:
            return None
        try:
            login = self.logins(name)
        except ServiceTrouble as trouble:
            raise ImageUnavailable(f"CannotPullContainerError: {trouble}") from trouble
        if login is None:
            raise ImageUnavailable(
                f"CannotPullContainerError: no basic auth credentials: {name} is not kept any more"
            )
        return login
