"""What IAM policies allow, as far as ours go: allowed actions, resources, conditions; no denials.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request as IAM sees it. ``context`` holds the condition keys that come with it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, compare=False, hash=False)


@dataclass(frozen=True)
class Statement:
    """One that allows. ``sid`` names it in messages."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def allows(self, call: Call) -> bool:
        return (
            call.action in self.actions
            and any(_like(resource, call.resource) for resource in self.resources)
            and self._conditions_hold(call)
        )

    def _conditions_hold(self, call: Call) -> bool:
        return all(
            _condition(operator, wanted, call.context.get(key))
            for operator, keys in self.conditions.items()
            for key, wanted in keys.items()
        )


def statements(documents: Iterable[Mapping[str, Any]]) -> list[Statement]:
    """The statements of rendered policy documents. Raises ``ValueError`` for what isn't known."""
    found = []
    for document in documents:
        for entry in document["Statement"]:
            unknown = set(entry) - {"Sid", "Effect", "Action", "Resource", "Condition"}
            if unknown or entry["Effect"] != "Allow":
                raise ValueError(
                    f"statement {entry.get('Sid')}: {sorted(unknown)} is not known here"
                )
            found.append(
                Statement(
                    entry["Sid"],
                    tuple(as_list(entry["Action"])),
                    tuple(as_list(entry["Resource"])),
                    entry.get("Condition", {}),
                )
            )
    return found


def missing(calls: Iterable[Call], allowed: Iterable[Statement]) -> set[tuple[str, str]]:
    """Calls that no statement allows, as (action, resource)."""
    given = list(allowed)
    return {
        (call.action, call.resource)
        for call in calls
        if not any(statement.allows(call) for statement in given)
    }


def unused(calls: Iterable[Call], allowed: Iterable[Statement]) -> set[tuple[str, str, str]]:
    """What no call has needed, as (sid, action, resource pattern)."""
    made = list(calls)
    return {
        (statement.sid, action, resource)
        for statement in allowed
        for action in statement.actions
        for resource in statement.resources
        if not any(
            Statement("", (action,), (resource,), statement.conditions).allows(call)
            for call in made
        )
    }


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _like(pattern: str, text: str) -> bool:
    """IAM's ``*`` and ``?``, which know no brackets."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _condition(operator: str, wanted: Any, found: str | None) -> bool:
    if found is None:
        return operator.endswith("IfExists")
    words = as_list(wanted)
    operator = operator.removesuffix("IfExists")
    if operator in ("StringEquals", "ArnEquals"):
        return found in words
    if operator in ("StringLike", "ArnLike"):
        return any(_like(word, found) for word in words)
    raise ValueError(f"the condition operator {operator} is not known here")
