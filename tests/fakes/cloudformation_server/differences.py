"""What a change set would change, and the parameters that it is given."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.cloudformation_server.errors import invalid
from tests.fakes.cloudformation_server.stacks import FakeStack


def parameters_of(
    asked: dict[str, Any], template: dict[str, Any], stack: FakeStack | None
) -> dict[str, str]:
    declared = template.get("Parameters", {})
    given: dict[str, str] = {}
    for parameter in asked.get("Parameters") or []:
        name = parameter["ParameterKey"]
        if name not in declared:
            raise invalid(f"Parameters: [{name}] do not exist in the template")
        if parameter.get("UsePreviousValue") == "true":
            if stack is None or name not in stack.parameters:
                raise invalid(f"Invalid input for parameter key {name}. No previous value")
            given[name] = stack.parameters[name]
        else:
            given[name] = parameter["ParameterValue"]
    missing = [n for n, d in declared.items() if n not in given and "Default" not in d]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: given.get(name, str(d.get("Default", ""))) for name, d in declared.items()}


def changes_of(
    stack: FakeStack, template: dict[str, Any], parameters: dict[str, str]
) -> list[dict[str, Any]]:
    before = stack.template.get("Resources", {})
    after = template["Resources"]
    found = [_change("Add", name, after[name]) for name in after if name not in stack.resources]
    found += [
        _change("Remove", name, before[name]) for name in stack.resources if name not in after
    ]
    changed = {n for n in parameters if parameters[n] != stack.parameters.get(n)}
    for name in (name for name in after if name in stack.resources):
        properties = [
            p
            for p, value in after[name].get("Properties", {}).items()
            if value != before[name].get("Properties", {}).get(p)
            or any(json.dumps({"Ref": n}) in json.dumps(value) for n in changed)
        ]
        if properties:
            found.append(_change("Modify", name, after[name], tuple(properties)))
    return found


def _change(
    action: str, name: str, resource: dict[str, Any], properties: tuple[str, ...] = ()
) -> dict[str, Any]:
    # In this fake a property whose name begins with "Fixed" can't be changed in place.
    replaced = any(p.startswith("Fixed") for p in properties)
    return {
        "Type": "Resource",
        "ResourceChange": {
            "Action": action,
            "LogicalResourceId": name,
            "ResourceType": resource["Type"],
            "Replacement": str(replaced) if action == "Modify" else None,
            "Details": [{"Target": {"Attribute": "Properties", "Name": p}} for p in properties],
        },
    }


def pairs(values: dict[str, str], kind: str) -> list[dict[str, str]]:
    return [{f"{kind}Key": name, f"{kind}Value": value} for name, value in values.items()]
