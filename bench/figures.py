"""Measures by turns, and prints figures beside their aims."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Lane = Callable[[], object]


def by_turns(lanes: Mapping[str, Lane], rounds: int, *, warm_up: int = 1) -> dict[str, list[float]]:
    """Seconds of each run. The lanes take turns, so that a noisy moment hits all of them."""
    for _ in range(warm_up):
        for lane in lanes.values():
            lane()
    taken: dict[str, list[float]] = {name: [] for name in lanes}
    for _ in range(rounds):
        for name, lane in lanes.items():
            begun = time.perf_counter()
            lane()
            taken[name].append(time.perf_counter() - begun)
    return taken


def ratio(taken: Mapping[str, Sequence[float]], lane: str, beside: str) -> float:
    """The median of the ratios, round by round."""
    pairs = zip(taken[lane], taken[beside], strict=True)
    return statistics.median(one / other for one, other in pairs)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def line(what: str, value: str, aim: str = "") -> None:
    """One figure; ``aim`` says what it should be."""
    print(f"{what:<62} {value:>14}  {aim}".rstrip(), flush=True)
