"""The service's own part of the template: the files of ``infra/service/``, joined into one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from towline.deploy.errors import DeployError

NAMED = ("Parameters", "Mappings", "Rules", "Conditions", "Resources", "Outputs")
"""Sections whose entries have names that only one file may define."""
SINGLE = ("Globals", "Metadata")
"""Sections that only one file may have."""


def read_template(path: Path) -> dict[str, Any]:
    """A template as plain values. Raises ``DeployError`` when it can't be read or is no mapping."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as trouble:
        raise DeployError(
            f"{path} can't be read ({trouble.strerror}): is this a whole copy of Towline?"
        ) from None
    except yaml.YAMLError as trouble:
        raise DeployError(f"{path} is not YAML: {trouble}") from None
    if not isinstance(content, dict):
        raise DeployError(f"{path} must hold a mapping of sections, such as Resources")
    return content


def join_parts(folder: Path) -> dict[str, Any]:
    """All ``*.yaml`` files of the folder as one template part, in the order of their names.

    Raises ``DeployError`` when a name is defined twice or a section is not one we know: a later
    file would replace an earlier one's resource without a word.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise DeployError(f"{folder} has no template parts: is this a whole copy of Towline?")
    joined: dict[str, Any] = {}
    home: dict[tuple[str, str], Path] = {}
    for path in files:
        for section, entries in read_template(path).items():
            if section not in NAMED + SINGLE:
                raise DeployError(f"{path}: {section!r} is not a section that a part may have")
            for name in [""] if section in SINGLE else entries:
                first = home.setdefault((section, name), path)
                if first is not path:
                    what = f"{section}.{name}".rstrip(".")
                    raise DeployError(f"{path}: {what} is already in {first.name}")
            joined.setdefault(section, {}).update(entries)
    return joined


def check_whole(template: Mapping[str, Any]) -> None:
    """Raises ``DeployError`` for what the merge leaves behind when a part has a wrong name.

    A part that speaks of a resource that Chalice did not make becomes one without a type, and a
    role whose policies no part replaces may do nothing.
    """
    for name, resource in template["Resources"].items():
        if "Type" not in resource:
            raise DeployError(
                f"infra/service/ says something of the resource {name}, which neither it nor "
                "app.py makes: is the name right?"
            )
        for policy in resource.get("Properties", {}).get("Policies", []):
            if isinstance(policy, dict) and not policy["PolicyDocument"]["Statement"]:
                raise DeployError(f"{name} may do nothing: infra/service/ gives it no statements")
