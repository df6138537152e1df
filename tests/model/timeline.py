"""Things that will happen, by time. The clock moves to each of them as it comes."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from chalicelib.ports import ServiceTrouble
from tests.model.truth import Truth
from tests.usecases.world import Crash, World

MAX_NESTED = 2
NESTED_SHARE = 0.06
NEAR_S = 20.0


@dataclass(order=True)
class _Event:
    at: float
    number: int
    act: Callable[[], object] = field(compare=False)


class Timeline:
    """The walk's events, and chance: what fails, how long things take.

    ``calm`` ends all faults; what was under way goes on.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = Random(seed)  # noqa: S311 - chance that can be repeated
        self.truth = Truth()
        self.calm = False
        self._start = world.now
        self._events: list[_Event] = []
        self._numbers = itertools.count()
        self._nested = 0

    @property
    def elapsed(self) -> float:
        return (self.world.now - self._start).total_seconds()

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        heapq.heappush(self._events, _Event(self.elapsed + seconds, next(self._numbers), act))

    @property
    def next_at(self) -> float | None:
        return self._events[0].at if self._events else None

    def move_to(self, elapsed: float) -> None:
        """Never back: an event that nested ones overtook comes late."""
        if elapsed > self.elapsed:
            self.world.now = self._start + timedelta(seconds=elapsed)

    def run_next(self) -> None:
        event = heapq.heappop(self._events)
        self.move_to(event.at)
        event.act()

    def maybe(self, share: float) -> bool:
        """A fault, in chaos alone."""
        return not self.calm and self.chance.random() < share

    def interlude(self, share: float = NESTED_SHARE, most: int = 3) -> None:
        """Between two effects of one Lambda others have their say."""
        if self._nested >= MAX_NESTED or not self.maybe(share):
            return
        self._nested += 1
        try:
            for _ in range(self.chance.randint(1, most)):
                if self.next_at is not None and self.next_at - self.elapsed < NEAR_S:
                    self.truth.figures["interleaved"] += 1
                    self.run_next()
        finally:
            self._nested -= 1

    def effect(self, what: str, crash: float, trouble: float) -> None:
        """Before or after an effect: the Lambda dies, or the answer is an error."""
        self.interlude()
        if self.maybe(crash):
            self.truth.figures["crashes"] += 1
            raise Crash(what)
        if self.maybe(trouble):
            self.truth.figures["troubles"] += 1
            raise ServiceTrouble(what)

    def lambda_lives(self, act: Callable[[], object]) -> bool:
        """One invocation; False when it died or failed, and its source must come again."""
        try:
            act()
        except (Crash, ServiceTrouble):
            return False
        return True
