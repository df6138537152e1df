"""A pairwise sample of a corpus: each class of trouble with each shell and each kind of ending."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from towline.selftest.case import Case

Pair = tuple[tuple[int, str], tuple[int, str]]


def pairwise_sample(cases: Sequence[Case]) -> list[Case]:
    """The fewest cases (greedily) in which every pair occurs that occurs in the whole corpus.

    Attributes are the class, the shell, the kind of ending and the user. Always the same sample
    for the same corpus, in its order.
    """
    wanted = {pair for case in cases for pair in _pairs(case)}
    chosen: set[str] = set()
    while wanted:
        best = max(cases, key=lambda case: len(wanted & _pairs(case)))
        wanted -= _pairs(best)
        chosen.add(best.name)
    return [case for case in cases if case.name in chosen]


def _pairs(case: Case) -> frozenset[Pair]:
    return frozenset(combinations(enumerate(_attributes(case)), 2))


def _attributes(case: Case) -> Iterable[str]:
    shell = " ".join(case.shell) if case.shell else "itself"
    ending = case.ends
    kind = "signal" if ending.signal is not None else str(ending.verdict)
    return (case.group, shell, kind, case.user or "")
