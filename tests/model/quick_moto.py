"""moto's answers with less labour: most of a walk went into copying values that are copied."""

from __future__ import annotations

import copy
import gc
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import moto.dynamodb.models as dynamodb
import pytest
from moto.core.serialize import JSONSerializer
from moto.dynamodb.models.table import Table


@contextmanager
def quick_moto() -> Iterator[None]:
    """DynamoDB's values go into an answer as they are; they are JSON already (we have no bytes).
    A transaction keeps copies of the items that it writes, and not of the whole table.

    Nothing is collected meanwhile, as moto makes much that lives as long as the walk.
    """
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        with pytest.MonkeyPatch.context() as patch:
            _answer_as_it_is(patch)
            _copy_what_is_written(patch)
            yield
    finally:
        if was_on:
            gc.enable()


def _answer_as_it_is(patch: pytest.MonkeyPatch) -> None:
    real = JSONSerializer._serialize_type_structure

    def quick(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict) and key:
            self._default_serialize(serialized, value, shape, key)
        else:
            real(self, serialized, value, shape, key)

    patch.setattr(JSONSerializer, "_serialize_type_structure", quick)


def _copy_what_is_written(patch: pytest.MonkeyPatch) -> None:
    real = dynamodb.DynamoDBBackend.transact_write_items
    written: set[tuple[str, str]] = set()

    def transact(self: Any, transact_items: list[dict[str, Any]]) -> None:
        written.clear()
        for item in transact_items:
            [part] = item.values()
            key = part.get("Key") or part["Item"]
            written.add((key["pk"]["S"], key["sk"]["S"]))
        real(self, transact_items)

    def backup(value: Any) -> Any:
        if not isinstance(value, Table):
            return copy.deepcopy(value)
        kept = copy.copy(value)
        kept.items = defaultdict(dict)
        for partition, items in value.items.items():
            kept.items[partition] = {
                sort: copy.deepcopy(item) if (partition.value, sort.value) in written else item
                for sort, item in items.items()
            }
        return kept

    patch.setattr(dynamodb.DynamoDBBackend, "transact_write_items", transact)
    patch.setattr(dynamodb, "copy", SimpleNamespace(deepcopy=backup, copy=copy.copy))
