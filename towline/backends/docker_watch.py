"""Hears what happens to an owner's containers, also across restarts of the engine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from towline.backends.docker_engine import Engine, EngineGone, EngineRefusal, engine_errors

RETRY_S = 0.25
OVERLAP = timedelta(seconds=5)
"""Replayed from the engine's memory: it answers a little before it begins to listen itself."""

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told. Called on the watch's thread, one call at a time; may raise ``EngineGone``."""

    def connected(self) -> None:
        """Events flow from now on. What happened before may have been missed: look for yourself."""

    def happened(self, container: str, action: str, attributes: Mapping[str, str]) -> None:
        """An event of a container, by name: create, start, kill, oom, die, destroy, ..."""

    def away(self, for_s: float) -> None:
        """The engine can't be reached, and has not been for so long. Called again and again."""


class EngineWatch:
    """A thread that follows the engine's events and comes back when the engine does."""

    def __init__(
        self,
        engine: Engine,
        label: str,
        listener: Listener,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._label = label
        self._listener = listener
        self._clock = clock
        self._monotonic = monotonic
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._stream: Any = None
        self.broken = threading.Event()
        """Set while the engine is away."""
        self._thread = threading.Thread(target=self._run, name="towline-docker", daemon=True)

    def start(self) -> None:
        """Begin; the listener is told that it is connected once the engine has answered."""
        self._thread.start()

    def close(self, deadline_s: float) -> None:
        """End the thread. Repeatable."""
        with self._lock:
            self._closing.set()
            stream = self._stream
        if stream is not None:
            stream.close()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(deadline_s)

    def _run(self) -> None:
        since = self._monotonic()
        while not self._closing.is_set():
            try:
                self._follow()
            except (EngineGone, EngineRefusal) as trouble:
                log.debug("the Docker engine's events ended: %s", trouble)
            if self._closing.is_set():
                return
            if not self.broken.is_set():
                since = self._monotonic()
                self.broken.set()
            self._listener.away(self._monotonic() - since)
            self._closing.wait(RETRY_S)

    def _follow(self) -> None:
        """Until the stream ends, which it does only with the engine or by ``close``."""
        stream = self._engine.events(self._label, since=self._clock() - OVERLAP)
        with self._lock:
            if self._closing.is_set():
                stream.close()
                return
            self._stream = stream
        try:
            # First the stream, then the look: whatever falls between the two is seen twice.
            self._listener.connected()
            self.broken.clear()
            with engine_errors():
                for event in stream:
                    actor = event.get("Actor", {}).get("Attributes", {})
                    action = str(event.get("Action", "")).partition(":")[0]
                    self._listener.happened(actor.get("name", ""), action, actor)
        finally:
            with self._lock:
                self._stream = None
            stream.close()
