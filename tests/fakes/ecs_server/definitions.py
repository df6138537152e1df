"""Registered task definitions: families and their revisions."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from tests.fakes.ecs_server.definition_rules import check_definition
from tests.fakes.ecs_server.errors import client_error
from tests.fakes.ecs_server.names import definition_arn


class Definitions:
    """Families by name; a name without a revision is the newest active one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._families: dict[str, list[dict[str, Any]]] = {}

    def register(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        check_definition(parameters)
        with self._lock:
            revisions = self._families.setdefault(parameters["family"], [])
            made = dict(parameters) | {
                "revision": len(revisions) + 1,
                "status": "ACTIVE",
                "taskDefinitionArn": definition_arn(parameters["family"], len(revisions) + 1),
            }
            made.pop("tags", None)
            revisions.append(made)
        return {"taskDefinition": made}

    def describe(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        found = self.find(parameters.get("taskDefinition", ""))
        if found is None:
            raise client_error("Unable to describe task definition.")
        return {"taskDefinition": found}

    def deregister(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        found = self.find(parameters.get("taskDefinition", ""))
        if found is None:
            raise client_error("Unable to describe task definition.")
        found["status"] = "INACTIVE"
        return {"taskDefinition": found}

    def find(self, name: str) -> dict[str, Any] | None:
        """By family, ``family:revision`` or ARN; inactive ones are not found."""
        family, _, revision = name.rpartition("/")[2].partition(":")
        with self._lock:
            active = [d for d in self._families.get(family, []) if d["status"] == "ACTIVE"]
        if revision:
            active = [d for d in active if str(d["revision"]) == revision]
        return active[-1] if active else None

    def families(self) -> dict[str, int]:
        """How many revisions each family has had."""
        with self._lock:
            return {family: len(revisions) for family, revisions in self._families.items()}
