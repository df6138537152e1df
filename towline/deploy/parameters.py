"""Which stack gets which parameter, and from where. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from towline.deploy.errors import DeployError

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


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


def check_values(given: Mapping[str, str], templates: Iterable[Mapping[str, Any]]) -> None:
    """Raise ``DeployError`` for a value that a template's own rules forbid.

    CloudFormation says so as well, but of the service's stack only when the data stack is made and
    the image is built and pushed.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    for template in templates:
        for name, declared in template.get("Parameters", {}).items():
            wrong = _forbidden(given[name], declared) if name in given else None
            if wrong:
                raise DeployError(f"--parameter {name}: {given[name]!r} can't be taken: {wrong}")


def _forbidden(value: str, declared: Mapping[str, Any]) -> str | None:
    allowed = [str(word) for word in declared.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return f"it must be one of {', '.join(allowed)}"
    if declared.get("Type") == "Number":
        return _not_the_number(value, declared)
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return f"it takes {declared.get('ConstraintDescription', f'what matches {pattern}')}"
    return None


def _not_the_number(value: str, declared: Mapping[str, Any]) -> str | None:
    if not _NUMBER.fullmatch(value):
        return "it must be a number"
    least, most = declared.get("MinValue"), declared.get("MaxValue")
    if least is not None and float(value) < least:
        return f"it must be at least {least}"
    if most is not None and float(value) > most:
        return f"it must be at most {most}"
    return None


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
