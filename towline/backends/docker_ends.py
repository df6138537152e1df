"""Sees the end of each container of a backend, tells it once, and clears the container away."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.evidence import Stop
from towline.backends.delivery import StopDelivery
from towline.backends.docker_engine import Engine, EngineGone, EngineRefusal
from towline.backends.docker_evidence import (
    ENGINE_LOST,
    Heard,
    stop_of_container,
    stop_without_container,
)
from towline.backends.docker_watch import EngineWatch
from towline.backends.tasks import TaskBook, TaskRecord

FOREIGN_STOP_S = 3.0
"""An engine that is shut down ends its containers first: so long to see whether it goes away."""
ENDING_SIGNALS = ("2", "3", "9", "15", "SIGINT", "SIGQUIT", "SIGKILL", "SIGTERM")


class DockerEnds:
    """Listens to an ``EngineWatch``. ``settle`` may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        label: str,
        tasks: TaskBook,
        delivery: StopDelivery,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        engine_lost_s: float,
    ) -> None:
        self._engine = engine
        self._label = label
        self._tasks = tasks
        self._delivery = delivery
        self._clock = clock
        self._engine_lost_s = engine_lost_s
        self._heard: dict[str, Heard] = {}
        self._was_away = False
        self.watch = EngineWatch(engine, label, self, clock=clock, monotonic=monotonic)

    # --- what the watch tells --------------------------------------------------------------------

    def connected(self) -> None:
        """Look at all containers: one may have ended, or vanished, while nobody listened."""
        live = [record for record in self._tasks.live() if record.begun]
        if self._was_away:
            self._after_a_restart(live)
        found = self._engine.containers(self._label)
        for name, state in found.items():
            record = self._tasks.get(name)
            if record is None or record.stop is not None:
                self._clear(name)
            elif state in ("exited", "dead"):
                self.ended(record)
            elif self._was_away:
                # It lived through the restart: what ends it later has other reasons.
                self._heard[name] = Heard()
        for record in live:
            if record.task_id not in found:
                self.ended(record)
        self._was_away = False

    def happened(self, container: str, action: str, attributes: Mapping[str, str]) -> None:
        """One event; see ``Listener``."""
        record = self._tasks.get(container)
        if record is None or record.stop is not None:
            return
        heard = self._hearing(container)
        if action == "kill" and attributes.get("signal") in ENDING_SIGNALS:
            heard.signals.append(attributes["signal"])
        elif action == "oom":
            heard.oom = True
        elif action == "die":
            if heard.exit_code is None:
                heard.exit_code = int(attributes["exitCode"])
            self.ended(record)
        elif action == "destroy" and record.begun:
            self.ended(record)

    def away(self, for_s: float) -> None:
        """Give up what ran on an engine that stays away; its containers are cleared if it comes."""
        self._was_away = True
        if for_s < self._engine_lost_s:
            return
        words = f"The Docker engine at {self._engine.address} has been away for {for_s:.0f} s."
        for record in self._tasks.live():
            if record.begun:
                self.settle_without(record, ENGINE_LOST, words)

    # --- ends ------------------------------------------------------------------------------------

    def settle_without(
        self, record: TaskRecord, code: str, reason: str, *, runner: str | None = None
    ) -> None:
        """End a task whose container never ran, or of which nothing more will be known."""
        now = self._clock()
        self.settle(record, stop_without_container(record, code, reason, now=now, runner=runner))

    def settle(self, record: TaskRecord, stop: Stop) -> None:
        """Tell its end, unless it was told before, and remove the container."""
        if self._tasks.settle(record.task_id, stop) is None:
            return
        self._heard.pop(record.task_id, None)
        self._delivery.put(record.request.job_id, record.request.attempt, stop)
        if record.begun:
            self._clear(record.task_id)

    def settle_the_rest(self) -> None:
        """For the end of the backend: whatever has no end by now gets one."""
        for record in self._tasks.live():
            self._settle_seen(record, None)

    def _after_a_restart(self, live: list[TaskRecord]) -> None:
        """Without live restore an engine that comes up ends what it finds running, by TERM."""
        for record in live:
            self._hearing(record.task_id).restarted = True
        for event in self._engine.past_events(self._label, until=self._clock()):
            self._remember(event)

    def _remember(self, event: Mapping[str, Any]) -> None:
        """An event from the engine's memory: only what it adds to the evidence counts."""
        attributes = event.get("Actor", {}).get("Attributes", {})
        heard = self._heard.get(attributes.get("name", ""))
        if heard is None:
            return
        if event.get("Action") == "kill" and attributes.get("signal") in ENDING_SIGNALS:
            heard.signals.append(attributes["signal"])
        elif event.get("Action") == "oom":
            heard.oom = True

    def ended(self, record: TaskRecord) -> None:
        """Its container has ended, or is not there: ask the engine how, and tell it.

        Raises ``EngineGone``. May be repeated.
        """
        container = None
        try:
            container = self._engine.inspect(record.task_id)
        except EngineRefusal as refusal:
            if refusal.status != 404:
                raise
        heard = self._hearing(record.task_id)
        if heard.signals and not heard.restarted and record.stop_reason is None:
            if not heard.doubted:
                heard.doubted = True
                self._thread(self._settle_foreign, record, container)
        else:
            self._settle_seen(record, container)

    def _settle_foreign(self, record: TaskRecord, container: Mapping[str, Any] | None) -> None:
        """The engine ended it, though not for us: was it somebody, or is it being shut down?"""
        if self.watch.broken.wait(FOREIGN_STOP_S):
            self._hearing(record.task_id).restarted = True
        self._settle_seen(record, container)

    def _settle_seen(self, record: TaskRecord, container: Mapping[str, Any] | None) -> None:
        heard = self._hearing(record.task_id)
        self.settle(record, stop_of_container(record, container, heard, now=self._clock()))

    def _hearing(self, name: str) -> Heard:
        return self._heard.setdefault(name, Heard())

    def _clear(self, name: str) -> None:
        self._thread(self._remove, name)

    def _remove(self, name: str) -> None:
        # An engine that is away now is looked at again when it comes back.
        with contextlib.suppress(EngineGone, EngineRefusal):
            self._engine.remove(name)

    def _thread(self, work: Callable[..., None], *arguments: Any) -> None:
        threading.Thread(target=work, args=arguments, name="towline-end", daemon=True).start()
