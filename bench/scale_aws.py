"""Fargate and Lambda with their limits, in simulated time. Figures and sources: docs/scale.md."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bench.scale_store import Clock
from chalicelib.domain.evidence import TaskState
from chalicelib.domain.launch_refusals import RefusalKind, classify_refusal
from chalicelib.ports import Launched, LaunchOutcome, LaunchRequest, OwnedTask, TaskView, TryLater

RUN_TASK_BUCKET = (100, 40)
CALL_BUCKET = (20, 20)
LAUNCH_BUCKET = (100, 20)
"""Burst, then a second; a request needs a token of each: ECS's for RunTask and StopTask, Fargate's
for calls of RunTask, Fargate's for tasks
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html)."""
REFUSED_S = 0.06


@dataclass
class Bucket:
    """Tokens that come back by the second. A request that is refused takes none."""

    burst: float
    rate: float
    level: float = -1.0
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.burst

    def take(self, now_s: float) -> bool:
        if now_s > self.at:
            self.level = min(self.burst, self.level + (now_s - self.at) * self.rate)
            self.at = now_s
        if self.level < 1:
            return False
        self.level -= 1
        return True


@dataclass
class SimulatedFargate:
    """``ports.Backend``: what EcsBackend makes of RunTask's answers, without the requests.

    ``attempts`` is how often the driver tries a throttled request before the launcher hears of
    it, with up to a second in between; ``capacity`` is how many tasks the account may run.
    """

    clock: Clock
    counts: Counter[str]
    chance: Callable[[], float]
    run_task_s: float
    attempts: int
    capacity: int | None = None
    name: str = "ecs"
    running: dict[str, OwnedTask] = field(default_factory=dict)
    launched_at: list[float] = field(default_factory=list)
    on_launch: Callable[[LaunchRequest, str], None] = lambda *_: None
    _api: Bucket = field(default_factory=lambda: Bucket(*RUN_TASK_BUCKET))
    _calls: Bucket = field(default_factory=lambda: Bucket(*CALL_BUCKET))
    _launches: Bucket = field(default_factory=lambda: Bucket(*LAUNCH_BUCKET))

    def release(self) -> str:
        return "registry.example/runner@sha256:" + "0" * 64

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        for attempt in range(self.attempts):
            if attempt:
                self.clock.took += self.chance()  # the driver's own backoff, with full jitter
            self.counts["run_task"] += 1
            now_s = self.clock.now_s
            if self.capacity is not None and len(self.running) >= self.capacity:
                self.clock.took += REFUSED_S
                self.counts["no_capacity"] += 1
                return _later("", "You've reached the limit on the number of vCPUs")
            if all(bucket.take(now_s) for bucket in (self._api, self._calls, self._launches)):
                self.clock.took += self.run_task_s
                return self._started(request, now_s)
            self.clock.took += REFUSED_S
            self.counts["throttled"] += 1
        return _later("ThrottlingException", "Rate exceeded")

    def stop(self, task_id: str, reason: str) -> None:
        raise AssertionError(f"{task_id} was stopped: {reason}")

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        return {
            task_id: TaskView(
                task_id, TaskState.RUNNING if task_id in self.running else TaskState.UNKNOWN
            )
            for task_id in task_ids
        }

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        task_id = f"{job_id}/{attempt}/{launch_try}"
        return TaskView(task_id, TaskState.RUNNING) if task_id in self.running else None

    def owned(self) -> Iterable[OwnedTask]:
        return list(self.running.values())

    def _started(self, request: LaunchRequest, now_s: float) -> Launched:
        task_id = f"{request.job_id}/{request.attempt}/{request.launch_try}"
        assert task_id not in self.running, "a job was started twice"
        self.running[task_id] = OwnedTask(task_id, request.job_id, request.attempt, self.clock())
        self.launched_at.append(now_s)
        self.on_launch(request, task_id)
        return Launched(task_id)


def _later(code: str, message: str) -> TryLater:
    """As EcsBackend reads it: the same table decides the delay."""
    refusal = classify_refusal(code, message)
    definite = refusal.kind is not RefusalKind.LATER_SAME_TOKEN
    return TryLater(message, refusal.delay_s, definite=definite, why=refusal.why)


class Events:
    """What happens when. Ties are taken in the order in which they were planned."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def plan(self, at: float, call: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._heap, (at, self._number, call))

    def run(self, until: Callable[[], bool]) -> None:
        """Until then. Raises ``RuntimeError`` when nothing more can happen before it."""
        while not until():
            if not self._heap:
                raise RuntimeError("nothing more happens, and it is not done")
            at, _, call = heapq.heappop(self._heap)
            self._clock.at, self._clock.took = at, 0.0
            call()
