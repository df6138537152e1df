"""Everything that a running job needs, made ready while the service answers the claim.

The threads are there before the script is: it may use up all processes that the container may have.
"""

from __future__ import annotations

import _thread
import os

from towline_runner import kernel
from towline_runner.compress import WORKERS, Compressors, RawChunk
from towline_runner.console import Console
from towline_runner.descendants import Descendants
from towline_runner.facts import Facts
from towline_runner.heartbeat import Heartbeat
from towline_runner.log import Log
from towline_runner.phases import Phases
from towline_runner.reader import Reader
from towline_runner.service import Service
from towline_runner.spool import Spool
from towline_runner.starter import Starter
from towline_runner.surroundings import Surroundings
from towline_runner.upload import Uploads
from towline_runner.usage import Usage
from towline_runner.voice import say
from towline_runner.work import Limits, Permit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_STACK_BYTES = 256 << 10
_END_WITHIN_S = 5.0
_BROKEN = 121


class Equipment:
    """Raises RuntimeError when a thread can't be started."""

    def __init__(
        self, around: Surroundings, service: Service, starter: Starter, facts: Facts
    ) -> None:
        kernel.become_subreaper()
        kernel.hide_memory()
        self.facts = facts
        self.descendants = Descendants()
        self.usage = Usage()
        self._spool = Spool(around.spool_places())
        self.uploads = Uploads(self._spool, self._ask_for_permit)
        self._compressors = Compressors(self._ship)
        self.console = Console() if around.console else None
        self.reader = Reader(starter.output, facts)
        self.heartbeat = Heartbeat(service, facts, self.log_bytes, self.uploads.renew)
        starter.widen_output()
        _thread.stack_size(_STACK_BYTES)
        bodies: list[Callable[[], None]] = [self.reader.run, self._upload, self.heartbeat.run]
        bodies += [self._compressors.run] * WORKERS
        if self.console is not None:
            bodies.append(self.console.run)
        if around.lifeline is not None:
            lifeline = around.lifeline
            bodies.append(lambda: self._watch(lifeline))
        for body in bodies:
            _thread.start_new_thread(self._guarded, (body,))

    def open_log(self, limits: Limits, secrets: dict[str, str], permit: Permit) -> Log:
        """The log of the claimed job; from now on output may come."""
        log = Log(self._compressors, self.uploads, self.console, limits, secrets, permit.max_bytes)
        log.interrupted = lambda: self.reader.stopped
        self.uploads.renew(permit)
        log.begin()
        self.reader.log = log
        return log

    def hear_phases(self, pipe: int) -> Phases | None:
        """Listen to a script that tells its phases. Called before it starts: it may use up all
        processes that the container may have. None: there is no more room for a thread; its phases
        are no reason not to run it."""
        phases = Phases(pipe)
        try:
            _thread.start_new_thread(self._guarded, (phases.run,))
        except RuntimeError:
            return None
        return phases

    def log_bytes(self) -> int:
        """Bytes of the visible log so far."""
        return self.reader.log.size if self.reader.log is not None else 0

    def _ship(self, chunk: RawChunk, member: bytes) -> None:
        self.uploads.add(chunk, self._spool.add(member))

    def _upload(self) -> None:
        self.uploads.run()
        self.facts.tell("log_delivered")

    def _ask_for_permit(self) -> None:
        self.heartbeat.now()

    def _guarded(self, body: Callable[[], None]) -> None:
        """A bug of ours in a thread ends the job at once: it must not run on unwatched, and a
        missing report is never taken for a verdict about the script."""
        try:
            body()
        except Exception:  # noqa: BLE001 - whatever it is, the runner can't go on
            import traceback

            say(traceback.format_exc())
            self.descendants.end(_END_WITHIN_S)
            os._exit(_BROKEN)

    def _watch(self, lifeline: int) -> None:
        """Nothing is ever written to the lifeline; its end is the owner's death."""
        try:
            while os.read(lifeline, 64):
                pass
        except OSError:  # it was never open: better to end than to run without an owner
            pass
        self.facts.tell("owner_lost")
