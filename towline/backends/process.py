"""The ``process`` backend: a runner as a plain process of this machine, without any isolation."""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import towline
from chalicelib.domain.evidence import Stop
from chalicelib.domain.verdict import Cause
from chalicelib.ports import (
    Launched,
    LaunchOutcome,
    LaunchRequest,
    OwnedTask,
    Refused,
    ServiceTrouble,
    TaskView,
)
from towline.backends.delivery import OnStop, StopDelivery
from towline.backends.keeper_link import KeeperGone, KeeperLink
from towline.backends.process_user import why_not_user
from towline.backends.tasks import TaskBook, TaskRecord, name_of, task_name

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
"""What a runner here has of this process's environment, besides the variables of protocol.md."""

CLOSE_GRACE_S = 3.0
CLOSE_DEADLINE_S = 10.0


def runner_folder() -> Path:
    """Where the runner's program is: ``runner_image/towline_runner``, beside this package."""
    return Path(towline.__file__).parent.parent / "runner_image" / "towline_runner"


class ProcessBackend:
    """Runs each job's runner below a keeper process, which leaves nothing of it behind.

    It honours neither cpu, memory nor a limit of processes. The keeper is started at once, so
    that it is there before the first job is. Raises ``ServiceTrouble`` where there is no Linux.
    """

    name = "process"

    def __init__(
        self,
        *,
        runner_url: str,
        on_stop: OnStop,
        owner: str,
        runner: Path | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not sys.platform.startswith("linux"):
            raise ServiceTrouble(
                "the process backend needs Linux (it finds a job's processes in /proc): "
                "use --backend docker",
                retryable=False,
            )
        self._runner_url = runner_url
        self._owner = owner
        self._runner = runner or runner_folder()
        self._environment = _inherited(os.environ) if environment is None else dict(environment)
        self._clock = clock
        self._tasks = TaskBook()
        self._delivery = StopDelivery(on_stop)
        self._lock = threading.Lock()
        self._closed = False
        self._keeper = self._new_keeper()

    def release(self) -> str:
        """'': the runner is the one of this installation, not an image."""
        return ""

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        """Start a runner, or find the one that an identical request started. Returns at once.

        A runner that can't be started is told by its stop, as a backend of containers does.
        """
        refused = _why_not(request)
        if refused is not None:
            return refused
        task_id = task_name(self._owner, request)
        now = self._clock()
        record = TaskRecord(task_id, request, created_at=now, started_at=now)
        if not self._tasks.add(record):
            return Launched(task_id)
        environment = {
            **self._environment,
            "TOWLINE_URL": self._runner_url,
            "TOWLINE_JOB": request.job_id,
            "TOWLINE_TOKEN": request.token,
            "TOWLINE_CONSOLE": "off",
        }
        try:
            with self._lock:
                self._keeper_for_a_start().start(task_id, environment)
        except (KeeperGone, OSError) as trouble:
            self._tasks.remove(task_id)
            raise ServiceTrouble(f"no process can be started for a runner: {trouble}") from trouble
        return Launched(task_id)

    def stop(self, task_id: str, reason: str) -> None:
        """TERM to the runner, KILL to it and all it started after the stop timeout. Repeatable."""
        record = self._tasks.ask_stop(task_id, reason)
        if record is not None:
            self._keeper.stop(task_id, record.request.stop_timeout_s)

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        """One view for each id; the last thousand stops are remembered."""
        return self._tasks.views(task_ids)

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        """By its name, which is made of these."""
        return self._tasks.find(name_of(self._owner, job_id, attempt, launch_try))

    def owned(self) -> Iterable[OwnedTask]:
        """Runners that have not ended."""
        return self._tasks.owned()

    @property
    def keeper_pid(self) -> int:
        """The process that all runners of this backend descend from."""
        return self._keeper.pid

    def close(self) -> None:
        """End every runner and all that they started, within 10 s. Repeatable.

        The stops that this causes are delivered before it returns.
        """
        with self._lock:
            self._closed = True
            keeper = self._keeper
        keeper.close(CLOSE_GRACE_S, CLOSE_DEADLINE_S)
        self._delivery.close(CLOSE_DEADLINE_S)

    def _keeper_for_a_start(self) -> KeeperLink:
        """The keeper, or a new one when it was killed."""
        if self._closed:
            raise KeeperGone("the backend is closed")
        if not self._keeper.alive:
            self._keeper = self._new_keeper()
        return self._keeper

    def _new_keeper(self) -> KeeperLink:
        return KeeperLink(self._runner, self._environment, self._ended)

    def _ended(self, answer: Mapping[str, Any]) -> None:
        """A runner, and all that it had started, is gone."""
        record = self._tasks.get(answer["ended"])
        if record is None:
            return
        exit_code, code, reason = _meaning(answer)
        stop = Stop(
            task_id=record.task_id,
            version=1,
            exit_code=exit_code,
            stop_code=code if record.stop_reason is None else "UserInitiated",
            reason=record.stop_reason or reason,
            job_container_reason=answer["complaint"],
            created_at=record.created_at.isoformat(),
            started_at=record.started_at.isoformat() if record.started_at else None,
            stopped_at=self._clock().isoformat(),
        )
        if self._tasks.settle(record.task_id, stop) is not None:
            self._delivery.put(record.request.job_id, record.request.attempt, stop)


def _meaning(answer: Mapping[str, Any]) -> tuple[int | None, str, str]:
    """Exit code, stop code and reason, in the words of ECS, so that one table classifies them.

    A death by signal N is 128 + N, as a container engine tells it.
    """
    if answer.get("lost"):
        words = "The keeper of this machine's runners was killed, and they ended with it."
        return None, "InfrastructureHealth", words
    if answer["status"] is None:
        return None, "TaskFailedToStart", "The runner could not be started."
    code = os.waitstatus_to_exitcode(answer["status"])
    if code >= 0:
        return code, "EssentialContainerExited", f"The runner exited with status {code}."
    name = signal.Signals(-code).name
    return 128 - code, "EssentialContainerExited", f"The runner was killed by {name}."


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in INHERITED if name in environ}


def _why_not(request: LaunchRequest) -> Refused | None:
    """What this backend can't do for anyone, in words."""
    detail = None
    if request.image is not None:
        detail = (
            f"the process backend has no images, so it can't run in {request.image}: "
            "leave the image out or use --backend docker"
        )
    elif request.arch != platform.machine().replace("aarch64", "arm64"):
        detail = f"the job asks for {request.arch}, this machine is {platform.machine()}"
    elif request.user is not None:
        detail = why_not_user(request.user)
    return Refused(Cause.LAUNCH_REFUSED, detail) if detail else None
