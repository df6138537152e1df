"""Task state change events as EventBridge brings them: at least once, in no certain order."""

from __future__ import annotations

import copy
import queue
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.fakes.ecs_server.names import ACCOUNT, REGION
from tests.fakes.ecs_server.tasks import Task

OnEvent = Callable[[dict[str, Any]], None]
DUPLICATED = 0.4
LONGEST_HOLD = 3
TRIES = 3
"""An event whose receiver fails is brought again, as EventBridge does."""


class EventStream:
    """Holds each event back for some later events, brings some twice, from one thread.

    What was held back for a task is brought, shuffled, with its last event at the latest, so
    that no event waits for another task's.
    """

    def __init__(self, on_event: OnEvent | None, seed: int) -> None:
        self._on_event = on_event
        # Seeded so that a failure can be repeated.
        self._random = random.Random(seed)  # noqa: S311
        self._lock = threading.Lock()
        self._held: list[tuple[int, dict[str, Any]]] = []
        self._ready: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        self.failures: list[Exception] = []
        self._thread = threading.Thread(target=self._deliver, name="ecs-events", daemon=True)
        self._thread.start()

    def tell(self, task: Task) -> None:
        """Emit the task as it is now."""
        with self._lock:
            event = self._event(task)
            released = []
            copies = 2 if self._random.random() < DUPLICATED else 1
            self._held = [(hold - 1, held) for hold, held in self._held]
            for _ in range(copies):
                hold = self._random.randrange(LONGEST_HOLD)
                self._held.append((hold, copy.deepcopy(event)))
            last = task.last_status == "STOPPED"
            for hold, held in list(self._held):
                if hold <= 0 or (last and held["detail"]["taskArn"] == task.arn):
                    released.append(held)
                    self._held.remove((hold, held))
            self._random.shuffle(released)
            for one in released:
                self._ready.put(one)

    def flush(self) -> None:
        """Bring all that is held back, and wait until the receiver has had it."""
        with self._lock:
            for _, held in self._held:
                self._ready.put(held)
            self._held.clear()
        self._ready.join()

    def close(self) -> None:
        self.flush()
        self._ready.put(None)
        self._thread.join(30)

    def _deliver(self) -> None:
        while True:
            event = self._ready.get()
            try:
                if event is None:
                    return
                if self._on_event is not None:
                    self._bring(self._on_event, event)
            finally:
                self._ready.task_done()

    def _bring(self, on_event: OnEvent, event: dict[str, Any]) -> None:
        for _ in range(TRIES):
            try:
                on_event(copy.deepcopy(event))
            except Exception as failure:  # noqa: BLE001 - whatever a receiver raises, it is tried again
                self.failures.append(failure)
            else:
                return

    def _event(self, task: Task) -> dict[str, Any]:
        self._number += 1
        now = _text(datetime.now(UTC))
        return {
            "version": "0",
            "id": f"00000000-0000-4000-8000-{self._number:012x}",
            "detail-type": "ECS Task State Change",
            "source": "aws.ecs",
            "account": ACCOUNT,
            "time": now,
            "region": REGION,
            "resources": [task.arn],
            "detail": task.shown(_text) | {"updatedAt": now},
        }


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
