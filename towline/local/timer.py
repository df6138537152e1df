"""Calls something again and again, on a thread of its own, until it is closed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Timer:
    """``call`` each ``period_s`` seconds. A call that fails is logged; the next one comes."""

    def __init__(self, period_s: float, call: Callable[[], object], *, name: str) -> None:
        self._period_s = period_s
        self._call = call
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for a call under way, then stop. May be repeated."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(self._period_s):
            try:
                self._call()
            except Exception:
                log.exception("%s failed; it is tried again", self._thread.name)
