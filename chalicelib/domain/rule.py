"""A decision table as data: the first row that holds gives the outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from chalicelib.domain.case import Case
from chalicelib.domain.decision import OverdueDecision

D = TypeVar("D", bound=OverdueDecision)


@dataclass(frozen=True, slots=True)
class Rule(Generic[D]):
    """One row. ``when`` and ``then`` say in words what ``holds`` and ``outcome`` do."""

    name: str
    when: str
    then: str
    holds: Callable[[Case], bool]
    outcome: Callable[[Case], D]


def always(_: Case) -> bool:
    """The last row of a table."""
    return True


def first_match(rules: Sequence[Rule[D]], case: Case) -> D:
    """The outcome of the first row that holds, marked with its name.

    Raises ``LookupError`` if none holds, which the last row of each table rules out.
    """
    for rule in rules:
        if rule.holds(case):
            return replace(rule.outcome(case), rule=rule.name)
    raise LookupError(f"no rule covers job {case.job.id}")


def table_as_markdown(rules: Sequence[Rule[D]]) -> str:
    """The rows as a Markdown table, in their order."""
    lines = ["| # | Rule | When | Then |", "|---|---|---|---|"]
    lines += [
        f"| {number} | `{rule.name}` | {rule.when} | {rule.then} |"
        for number, rule in enumerate(rules, 1)
    ]
    return "\n".join(lines)
