"""The ``docker`` backend: each job in a container of its own, on an engine that answers here."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
from towline.backends.docker_container import owner_label
from towline.backends.docker_ends import DockerEnds
from towline.backends.docker_engine import Engine, EngineGone, EngineRefusal
from towline.backends.docker_evidence import ENGINE_LOST, NEVER_STARTED, STOPPED_BY_US
from towline.backends.docker_launch import Brought, CannotStart, HostOptions, Launching, Logins
from towline.backends.guardian import Guardian
from towline.backends.tasks import TaskBook, TaskRecord, name_of, task_name

if TYPE_CHECKING:
    from towline.runner_build import RunnerImage

ENGINE_LOST_S = 90.0
"""An engine that is away for so long is given up, below the two minutes that a report waits."""
RETRY_S = 0.5
CLOSE_DEADLINE_S = 15.0
CLOSE_WATCH_S = 1.0


class DockerBackend:
    """Containers through the Docker SDK; survives restarts of the engine.

    A guardian process removes this owner's containers when the command is killed. Raises
    ``ServiceTrouble``, with advice, when no engine answers. ``runner_url`` may be set later, before
    the first launch.
    """

    name = "docker"

    def __init__(
        self,
        *,
        runner_url: str,
        on_stop: OnStop,
        owner: str,
        address: str | None = None,
        network: str = "bridge",
        runner_base: str | None = None,
        progress: Callable[[str], None] = lambda _: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        engine_lost_s: float = ENGINE_LOST_S,
        host_options: HostOptions = lambda _: {},
        logins: Logins = lambda _: None,
        runner: RunnerImage | None = None,
    ) -> None:
        """``address`` None: the engine that the ``docker`` command would take.

        ``network``: ``bridge``, ``host`` or the name of a network of this engine. ``runner_base``:
        what the runner's image is built on, with ``progress`` told in sentences; ``runner``: one
        that is on the engine already, instead. ``engine_lost_s``: after so long without an engine
        its tasks are given up.
        """
        self.runner_url = runner_url
        self._owner = owner
        self._label = owner_label(owner)
        self._base = runner_base
        self._progress = progress
        self._clock = clock
        self._monotonic = monotonic
        self._engine_lost_s = engine_lost_s
        self._engine = Engine(address)
        self._facts = self._engine.check()
        self._tasks = TaskBook()
        self._runner_lock = threading.Lock()
        self._given_runner = runner
        self._runner = runner
        self._closing = threading.Event()
        self._launching = Launching(
            engine=self._engine,
            facts=self._facts,
            tasks=self._tasks,
            owner=owner,
            network=network,
            runner_url=lambda: self.runner_url,
            runner=lambda again: self.prepare(again=again),
            clock=clock,
            host_options=host_options,
            logins=logins,
        )
        self._guardian = Guardian(owner, address)
        self._delivery = StopDelivery(on_stop)
        self._ends = DockerEnds(
            self._engine,
            self._label,
            self._tasks,
            self._delivery,
            clock=clock,
            monotonic=monotonic,
            engine_lost_s=engine_lost_s,
        )
        self._ends.watch.start()

    # --- the port --------------------------------------------------------------------------------

    def prepare(self, *, again: bool = False) -> RunnerImage:
        """Have the runner's image on the engine; the first time ever it is built. Repeatable.

        ``again``: look for it though it was there, as somebody may have removed it meanwhile.
        Raises ``ServiceTrouble`` that says why it can't be had.
        """
        with self._runner_lock:
            if self._runner is None or (again and self._given_runner is None):
                from towline.runner_build import RunnerImageError, ensure_runner

                try:
                    self._runner = ensure_runner(
                        self._engine.client, base=self._base, progress=self._progress
                    )
                except (RunnerImageError, EngineGone) as trouble:
                    raise ServiceTrouble(str(trouble), retryable=False) from trouble
            return self._runner

    def release(self) -> str:
        """The runner's image by its id, which its content makes; built now if need be."""
        return self.prepare().image_id

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        """Start the task, or find the one that an identical request started. Returns at once.

        What comes to light only with the image or the container (no such image, say) is told by
        the task's stop, as ECS does: ``exit_code`` None, the reason in ECS's words.
        """
        if self._closing.is_set():
            raise ServiceTrouble("the docker backend is closed", retryable=False)
        if request.arch != self._facts.arch:
            detail = f"the job asks for {request.arch}, this Docker engine has {self._facts.arch}"
            return Refused(Cause.IMAGE_ARCH, detail)
        task_id = task_name(self._owner, request)
        record = TaskRecord(task_id, request, created_at=self._clock())
        if self._tasks.add(record):
            self._thread(self._launch, record)
        return Launched(task_id)

    def stop(self, task_id: str, reason: str) -> None:
        """TERM now, KILL after the stop timeout; before its start it simply ends. Repeatable."""
        record = self._tasks.get(task_id)
        already = record is None or record.stop_reason is not None
        record = self._tasks.ask_stop(task_id, reason)
        if record is None or already:
            return
        if record.begun:
            self._thread(self._stop, record)
        else:
            self._ends.settle_without(record, STOPPED_BY_US, reason)

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        """One view for each id; the last thousand stops are remembered."""
        return self._tasks.views(task_ids)

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        """By its name, which is made of these."""
        return self._tasks.find(name_of(self._owner, job_id, attempt, launch_try))

    def owned(self) -> Iterable[OwnedTask]:
        """Tasks that have not ended."""
        return self._tasks.owned()

    def close(self) -> None:
        """Kill and remove every container of this owner, within some 20 s. Repeatable.

        If the engine is away the guardian does it when the engine comes back, for ten minutes.
        """
        self._closing.set()
        for record in self._tasks.live():
            self._tasks.ask_stop(record.task_id, "the command that ran it was ended")
        well = self._remove_all(self._monotonic() + CLOSE_DEADLINE_S)
        if well:
            self._tasks.wait_until_none_lives(CLOSE_WATCH_S)
        self._ends.watch.close(CLOSE_WATCH_S)
        self._ends.settle_the_rest()
        self._delivery.close(2.0)
        self._guardian.dismiss(well=well)
        self._engine.close()

    # --- threads ---------------------------------------------------------------------------------

    def _thread(self, work: Callable[[TaskRecord], None], record: TaskRecord) -> None:
        threading.Thread(target=work, args=(record,), name="towline-task", daemon=True).start()

    def _launch(self, record: TaskRecord) -> None:
        """Bring it up, waiting for an engine that is away."""
        deadline = self._monotonic() + self._engine_lost_s
        while record.stop is None and not self._closing.is_set():
            try:
                brought = self._launching.bring_up(record)
                if brought is Brought.OVER:
                    self._ends.ended(record)
            except CannotStart as trouble:
                self._remove(record.task_id)
                self._ends.settle_without(
                    record, NEVER_STARTED, str(trouble), runner=trouble.runner
                )
            except EngineGone as gone:
                if self._monotonic() < deadline:
                    self._closing.wait(RETRY_S)
                    continue
                self._ends.settle_without(record, ENGINE_LOST, f"The Docker engine is away: {gone}")
            else:
                if brought is Brought.UP and (
                    record.stop_reason is not None or self._closing.is_set()
                ):
                    self._stop(record)
            return

    def _stop(self, record: TaskRecord) -> None:
        while record.stop is None:
            try:
                self._engine.stop(record.task_id, record.request.stop_timeout_s)
            except EngineRefusal:
                return  # it is not there any more: its end is being told
            except EngineGone:
                if self._closing.wait(RETRY_S):
                    return
            else:
                return

    def _remove(self, name: str) -> None:
        # An engine that is away now is looked at again when it comes back.
        with contextlib.suppress(EngineGone, EngineRefusal):
            self._engine.remove(name)

    def _remove_all(self, deadline: float) -> bool:
        while self._monotonic() < deadline:
            try:
                names = self._engine.containers(self._label)
                removers = [
                    threading.Thread(target=self._remove, args=(name,), daemon=True)
                    for name in names
                ]
                for remover in removers:
                    remover.start()
                for remover in removers:
                    remover.join(max(0.0, deadline - self._monotonic()))
            except (EngineGone, EngineRefusal):
                return False
            if not names:
                return True
        return False
