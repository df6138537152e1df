"""Tasks without containers: the test moves them."""

from __future__ import annotations

from tests.fakes.ecs_server.tasks import Task


class Puppets:
    """A task begins to run at once, and ends when the test says so, or when it is stopped."""

    def __init__(self, *, start_at_once: bool = True) -> None:
        self._start_at_once = start_at_once

    def start(self, task: Task) -> None:
        task.change("PENDING")
        if self._start_at_once:
            self.run(task)

    def run(self, task: Task) -> None:
        for container in task.containers.values():
            container.last_status = "RUNNING"
        task.change("RUNNING", "pullStartedAt", "pullStoppedAt", "startedAt")

    def stop(self, task: Task) -> None:
        """It obeys TERM at once, if it runs at all."""
        if "startedAt" in task.times:
            task.containers["job"].exit_code = 143
        task.end("UserInitiated", "Task stopped by user")

    def finish(self, task: Task, exit_code: int) -> None:
        task.containers["job"].exit_code = exit_code
        task.end("EssentialContainerExited", "Essential container in task exited")

    def fail_to_start(self, task: Task, reason: str, *, container: str = "job") -> None:
        task.containers[container].reason = reason
        task.end("TaskFailedToStart", reason)

    def close(self) -> None:
        """There is nothing to end."""
