"""A ``Change`` as the arguments of one conditional UpdateItem. Pure: no request is made here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.aws.attribute_values import encode
from chalicelib.domain.change import (
    Absent,
    AbsentOrEquals,
    AbsentOrLess,
    Change,
    Condition,
    Equals,
    OneOf,
    Path,
    Present,
)
from chalicelib.domain.model import stamp

DUE: Path = ("due_at",)
SENT: Path = ("sent_at",)
WAITING: Path = ("waiting_since",)
OPEN_KEY: Path = ("open_pk",)


@dataclass
class _Writer:
    """Collects placeholders; every name is one, as DynamoDB reserves hundreds of words."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def path(self, path: Path) -> str:
        return ".".join(self._name(part) for part in path)

    def _name(self, part: str) -> str:
        for placeholder, name in self.names.items():
            if name == part:
                return placeholder
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = part
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = encode(value)
        return placeholder


def update_arguments(
    change: Change, *, now: datetime, open_key: str, waiting_key: str
) -> dict[str, Any]:
    """UpdateItem's expressions for a change of a job.

    The store's own part is added: ``version`` rises by one, ``updated_at`` is ``now``, and the
    job is in the index of open jobs exactly while it has a ``due_at``: under ``waiting_key`` when
    the change says that its id was sent to the launch queue or that it waits for a slot, else under
    ``open_key``. A value of None is a removal, as None is stored as not there.
    """
    writer = _Writer()
    sets = {path: value for path, value in change.set.items() if value is not None}
    removes = list(change.remove) + [path for path, value in change.set.items() if value is None]
    sets[("updated_at",)] = now
    if DUE in sets:
        sets[DUE] = _sortable(sets[DUE])
        waits = SENT in sets or WAITING in sets
        sets[OPEN_KEY] = waiting_key if waits else open_key
    elif DUE in removes:
        removes.append(OPEN_KEY)
    assignments = [f"{writer.path(path)} = {writer.value(value)}" for path, value in sets.items()]
    version = writer.path(("version",))
    assignments.append(f"{version} = {version} + {writer.value(1)}")
    expression = "SET " + ", ".join(assignments)
    if removes:
        expression += " REMOVE " + ", ".join(dict.fromkeys(writer.path(path) for path in removes))
    conditions = [f"attribute_exists({writer.path(('pk',))})"]
    conditions += [_condition(condition, writer) for condition in change.when]
    return {
        "UpdateExpression": expression,
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": writer.names,
        "ExpressionAttributeValues": writer.values,
    }


def _sortable(value: Any) -> Any:
    """A due time as the index sorts it, however many digits the rules wrote."""
    return stamp(datetime.fromisoformat(value)) if isinstance(value, str) else value


def _condition(condition: Condition, writer: _Writer) -> str:
    path = writer.path(condition.path)
    match condition:
        case Equals(value=value):
            return f"{path} = {writer.value(value)}"
        case OneOf(values=values):
            return f"{path} IN ({', '.join(writer.value(value) for value in values)})"
        case Absent():
            return f"attribute_not_exists({path})"
        case Present():
            return f"attribute_exists({path})"
        case AbsentOrEquals(value=value):
            return f"(attribute_not_exists({path}) OR {path} = {writer.value(value)})"
        case AbsentOrLess(value=value):
            return f"(attribute_not_exists({path}) OR {path} < {writer.value(value)})"
