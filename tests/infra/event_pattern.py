"""EventBridge's matching, as far as our rules use it: values, prefix, wildcard, ``$or``, arrays.

Fields of an array's elements match by element: two fields of a pattern never match in two different
ones (https://github.com/aws/event-ruler, "array-consistent matching").
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether the rule takes the event. Raises ``NotImplementedError`` for an unknown filter."""
    if isinstance(event, list):
        return any(matches(pattern, element) for element in event)
    if not isinstance(event, Mapping):
        return False
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(choice, event) for choice in wanted):
                return False
        elif isinstance(wanted, Mapping):
            if not matches(wanted, event.get(key)):
                return False
        elif not any(_one(choice, event.get(key)) for choice in wanted):
            return False
    return True


def _one(wanted: Any, found: Any) -> bool:
    if isinstance(found, list):
        return any(_one(wanted, item) for item in found)
    if not isinstance(wanted, Mapping):
        return bool(wanted == found)
    [(kind, word)] = wanted.items()
    if not isinstance(found, str):
        return False
    if kind == "prefix":
        return found.startswith(word)
    if kind == "wildcard":
        escaped = word.replace("[", "[[]").replace("?", "[?]")
        return fnmatch.fnmatchcase(found, escaped)
    raise NotImplementedError(kind)
