"""Which stack gets which parameter, and from where. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from towline.deploy.errors import DeployError


def parse(words: Iterable[str]) -> dict[str, str]:
    """``NAME=VALUE`` each; the last of a name wins. Raises ``DeployError``."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isalnum():
            raise DeployError(f"--parameter {word!r} is not NAME=VALUE")
        found[name] = value
    return found


def check_known(
    given: Mapping[str, str],
    templates: Iterable[Mapping[str, Any]],
    *,
    computed: Iterable[str],
) -> None:
    """Raise ``DeployError`` for a parameter that no template takes from the user."""
    declared = {name for template in templates for name in template.get("Parameters", {})}
    free = declared - set(computed)
    for name in given:
        if name in free:
            continue
        if name in declared:
            raise DeployError(f"--parameter {name} can't be set: the deployment sets it itself")
        close = difflib.get_close_matches(name, free, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(free))}"
        raise DeployError(f"--parameter {name} is not a parameter of the templates; {hint}")


def for_stack(
    template: Mapping[str, Any],
    *,
    computed: Mapping[str, str],
    given: Mapping[str, str],
    before: Mapping[str, str] | None,
) -> dict[str, str | None]:
    """The parameters for a change set; None: as before.

    What the deployment computes comes first, then what the user gave, then what the stack has:
    an update changes nothing that nobody asked for. All others take the template's default.
    Raises ``DeployError`` when one has none.
    """
    values: dict[str, str | None] = {}
    for name, declared in template.get("Parameters", {}).items():
        if name in computed:
            values[name] = computed[name]
        elif name in given:
            values[name] = given[name]
        elif before is not None and name in before:
            values[name] = None
        elif "Default" not in declared:
            raise DeployError(f"the parameter {name} must be given: --parameter {name}=VALUE")
    return values
