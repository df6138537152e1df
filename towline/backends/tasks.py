"""What a backend remembers of its tasks: which there are, and how they ended."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.evidence import Stop, TaskState
from chalicelib.ports import LaunchRequest, OwnedTask, TaskView

REMEMBERED_STOPS = 1000
"""ECS keeps stopped tasks for about an hour; this many are kept here, the oldest go first."""


def task_name(owner: str, request: LaunchRequest) -> str:
    """The same request gives the same name, so that it can't be started twice."""
    return name_of(owner, request.job_id, request.attempt, request.launch_try)


def name_of(owner: str, job_id: str, attempt: int, launch_try: int) -> str:
    """The task of one try at one attempt of a job."""
    return f"towline-{owner}-{job_id}-{attempt}-{launch_try}"


@dataclass(slots=True)
class TaskRecord:
    """One task of this backend. ``stop`` is set once, when it has ended."""

    task_id: str
    request: LaunchRequest
    created_at: datetime
    started_at: datetime | None = None
    stop_reason: str | None = None
    """Why it was asked to stop, once it was."""
    begun: bool = False
    """Its container may be running: from now on it needs stopping, not only forgetting."""
    image_digest: str | None = None
    pull_started_at: str | None = None
    pull_stopped_at: str | None = None
    stop: Stop | None = None

    @property
    def state(self) -> TaskState:
        if self.stop is not None:
            return TaskState.STOPPED
        return TaskState.PENDING if self.started_at is None else TaskState.RUNNING


class TaskBook:
    """Records by task id. Safe to use from several threads."""

    def __init__(self, remembered_stops: int = REMEMBERED_STOPS) -> None:
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._records: dict[str, TaskRecord] = {}
        self._stopped: dict[str, None] = {}
        self._remembered = remembered_stops

    def add(self, record: TaskRecord) -> bool:
        """Note a new task; False when it is there already, running or remembered."""
        with self._lock:
            if record.task_id in self._records:
                return False
            self._records[record.task_id] = record
            return True

    def remove(self, task_id: str) -> None:
        """Forget a task that was never started after all."""
        with self._lock:
            self._records.pop(task_id, None)

    def get(self, task_id: str) -> TaskRecord | None:
        with self._lock:
            return self._records.get(task_id)

    def begin(self, task_id: str) -> bool:
        """Pass the point from which it may run; False when it was asked to stop before that."""
        with self._lock:
            record = self._records.get(task_id)
            if record is None or record.stop is not None or record.stop_reason is not None:
                return False
            record.begun = True
            return True

    def ask_stop(self, task_id: str, reason: str) -> TaskRecord | None:
        """Note that it is to stop; None when there is nothing to stop. The first reason stays."""
        with self._lock:
            record = self._records.get(task_id)
            if record is None or record.stop is not None:
                return None
            record.stop_reason = record.stop_reason or reason
            return record

    def settle(self, task_id: str, stop: Stop) -> TaskRecord | None:
        """Note how it ended; None when that is known already: each task has one end."""
        with self._lock:
            record = self._records.get(task_id)
            if record is None or record.stop is not None:
                return None
            record.stop = stop
            self._settled.notify_all()
            self._stopped[task_id] = None
            while len(self._stopped) > self._remembered:
                oldest = next(iter(self._stopped))
                del self._stopped[oldest]
                del self._records[oldest]
            return record

    def live(self) -> list[TaskRecord]:
        """Tasks that have not ended, oldest first."""
        with self._lock:
            return self._live()

    def wait_until_none_lives(self, timeout_s: float) -> bool:
        """False when a task is left after ``timeout_s``."""
        with self._settled:
            return self._settled.wait_for(lambda: not self._live(), timeout_s)

    def _live(self) -> list[TaskRecord]:
        return [record for record in self._records.values() if record.stop is None]

    def views(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        """One view for each id asked for; ``UNKNOWN`` for those that are not here."""
        with self._lock:
            return {task_id: _view(task_id, self._records.get(task_id)) for task_id in task_ids}

    def find(self, task_id: str) -> TaskView | None:
        """Its view; None when it was never here, or its end was so long ago that it is gone."""
        record = self.get(task_id)
        return _view(task_id, record) if record is not None else None

    def owned(self) -> Iterable[OwnedTask]:
        return [
            OwnedTask(r.task_id, r.request.job_id, r.request.attempt, r.started_at)
            for r in self.live()
        ]


def _view(task_id: str, record: TaskRecord | None) -> TaskView:
    if record is None:
        return TaskView(task_id, TaskState.UNKNOWN)
    return TaskView(task_id, record.state, record.stop)
