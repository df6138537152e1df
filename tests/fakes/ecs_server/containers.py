"""Tasks as real containers of a Docker engine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from tests.fakes.ecs_server.container_settings import LABEL, arguments, volume_name
from tests.fakes.ecs_server.tasks import Task

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container as Made

ENDS_WITHIN_S = 60


class StartFailed(Exception):  # noqa: N818
    """A container can't be started; the text is what ECS would say."""


class Containers:
    """One thread carries each task: pull, payload, job, its end. ``close`` ends all of it."""

    def __init__(self, client: docker.DockerClient, network: str, owner: str) -> None:
        self._client = client
        self._network = network
        self._owner = owner
        self._threads: list[threading.Thread] = []
        self._jobs: dict[str, Made] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def start(self, task: Task) -> None:
        thread = threading.Thread(target=self._carry, args=(task,), name=task.arn, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def stop(self, task: Task) -> None:
        """TERM, then KILL after the job container's stop timeout; returns at once."""
        with self._lock:
            job = self._jobs.get(task.arn)
        if job is not None:
            threading.Thread(target=self._stop, args=(task, job), daemon=True).start()

    def close(self) -> None:
        """Kill and remove every container and volume of this server. May be repeated."""
        self._closing.set()
        deadline = time.monotonic() + ENDS_WITHIN_S
        while True:
            # Again, as a thread may have been about to create one.
            for container in self._client.containers.list(
                all=True, ignore_removed=True, filters={"label": self._label}
            ):
                with _gone_is_fine():
                    container.remove(force=True, v=True)
            with self._lock:
                alive = [thread for thread in self._threads if thread.is_alive()]
            if not alive or time.monotonic() > deadline:
                break
            alive[0].join(0.5)
        for volume in self._client.volumes.list(filters={"label": self._label}):
            with _gone_is_fine():
                volume.remove(force=True)

    @property
    def _label(self) -> str:
        return f"{LABEL}={self._owner}"

    def _carry(self, task: Task) -> None:
        try:
            task.change("PENDING", "pullStartedAt")
            self._pull(task)
            task.change(None, "pullStoppedAt")
            self._bring_payloads(task)
            if task.stop_wanted.is_set():
                task.end("UserInitiated", "Task stopped by user")
                return
            self._run_job(task)
        except StartFailed as failure:
            task.end("TaskFailedToStart", str(failure))
        except (DockerException, OSError) as lost:
            # The engine is away, as a lost host is.
            task.end("InfrastructureHealth", f"The host of the task was lost: {lost}")
        finally:
            self._clear(task)

    def _pull(self, task: Task) -> None:
        for container in task.containers.values():
            try:
                image = self._client.images.get(container.image)
            except ImageNotFound:
                try:
                    image = self._pulled(container.image)
                except (APIError, ImageNotFound) as refused:
                    words = (
                        "CannotPullContainerError: pull image manifest has been retried 1 time(s):"
                        f" {refused.explanation or refused}"
                    )
                    container.reason = words
                    raise StartFailed(words) from None
            container.image_digest = image.id

    def _pulled(self, image: str) -> Any:
        name, _, tag = image.rpartition(":")
        if not name or "/" in tag:
            name, tag = image, "latest"
        return self._client.images.pull(name, tag=tag)

    def _bring_payloads(self, task: Task) -> None:
        """Run what others wait for the success of, one after the other."""
        waited_for = {
            dependency["containerName"]
            for container in task.definition["containerDefinitions"]
            for dependency in container.get("dependsOn") or []
            if dependency["condition"] == "SUCCESS"
        }
        for name in sorted(waited_for):
            container = task.containers[name]
            made = self._make(task, name)
            made.start()
            container.last_status = "RUNNING"
            container.exit_code = int(made.wait(timeout=None)["StatusCode"])
            container.last_status = "STOPPED"
            if container.exit_code != 0:
                container.reason = f"exited with {container.exit_code}"
                raise StartFailed(
                    f"A dependency of a container did not succeed: {name}"
                    f" exited with {container.exit_code}"
                )

    def _run_job(self, task: Task) -> None:
        container = task.containers["job"]
        made = self._make(task, "job")
        try:
            made.start()
        except APIError as refused:
            container.reason = f"CannotStartContainerError: {refused.explanation}"
            raise StartFailed("Task failed to start") from None
        container.last_status = "RUNNING"
        container.runtime_id = made.id
        task.change("RUNNING", "startedAt")
        with self._lock:
            self._jobs[task.arn] = made
        if task.stop_wanted.is_set():
            self.stop(task)
        container.exit_code = int(made.wait(timeout=None)["StatusCode"])
        with _gone_is_fine():
            made.reload()
            if made.attrs["State"].get("OOMKilled"):
                container.reason = "OutOfMemoryError: Container killed due to memory usage"
        task.end("EssentialContainerExited", "Essential container in task exited")

    def _make(self, task: Task, name: str) -> Made:
        if self._closing.is_set():
            raise StartFailed("the server is closing")
        options = arguments(
            task,
            name,
            network=self._network,
            owner=self._owner,
            most_cpus=os.cpu_count() or 1,
        )
        for volume in task.definition.get("volumes") or []:
            self._client.volumes.create(
                volume_name(task, volume["name"]), labels={LABEL: self._owner}
            )
        try:
            return self._client.containers.create(**options)
        except APIError as refused:
            task.containers[name].reason = f"CannotCreateContainerError: {refused.explanation}"
            raise StartFailed("Task failed to start") from None

    def _stop(self, task: Task, job: Made) -> None:
        definitions = task.definition["containerDefinitions"]
        timeout = next(c.get("stopTimeout", 30) for c in definitions if c["name"] == "job")
        with _gone_is_fine():
            job.stop(timeout=timeout)

    def _clear(self, task: Task) -> None:
        with self._lock:
            self._jobs.pop(task.arn, None)
        filters: dict[str, Any] = {"label": f"com.amazonaws.ecs.task-arn={task.arn}"}
        with _gone_is_fine():
            for container in self._client.containers.list(
                all=True, ignore_removed=True, filters=filters
            ):
                with _gone_is_fine():
                    container.remove(force=True, v=True)
            for volume in task.definition.get("volumes") or []:
                with _gone_is_fine():
                    self._client.volumes.get(volume_name(task, volume["name"])).remove(force=True)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """What is to be removed or asked may be gone, and the engine may be away."""
    try:
        yield
    except (NotFound, APIError, OSError):
        return
