"""Hands stops to the service, in order, on a thread of its own."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from chalicelib.domain.evidence import Stop

OnStop = Callable[[str, int, Stop], None]
"""What a backend is given: ``on_stop(job_id, attempt, stop)``. A repeated stop must be harmless."""

RETRY_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 4.0)

log = logging.getLogger(__name__)


class StopDelivery:
    """Calls ``on_stop`` for each stop, one at a time, in the order of ``put``.

    A call that raises is repeated after ``retry_delays_s``; then it is given up with a line in
    the log: the reaper asks the backend for the stop later on, so nothing hangs on it.
    """

    def __init__(
        self, on_stop: OnStop, *, retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S
    ) -> None:
        self._on_stop = on_stop
        self._delays = retry_delays_s
        self._queue: queue.SimpleQueue[tuple[str, int, Stop] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="towline-stops", daemon=True)
        self._thread.start()

    def put(self, job_id: str, attempt: int, stop: Stop) -> None:
        """Deliver this one after those before it. Returns at once."""
        self._queue.put((job_id, attempt, stop))

    def close(self, deadline_s: float) -> None:
        """Deliver what is waiting, without repeats, but wait no longer than this. Repeatable."""
        self._closing.set()
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(deadline_s)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            self._deliver(*item)

    def _deliver(self, job_id: str, attempt: int, stop: Stop) -> None:
        for delay_s in (*self._delays, None):
            try:
                self._on_stop(job_id, attempt, stop)
            except Exception:  # whatever went wrong, the next stop must come through
                if delay_s is None or self._closing.is_set():
                    log.exception("the stop of %s could not be delivered", stop.task_id)
                    return
                self._closing.wait(delay_s)
            else:
                return
