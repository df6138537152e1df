"""Registered task definitions: families and their revisions."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.fakes.ecs_server.definition_rules import check_definition
from tests.fakes.ecs_server.errors import EcsError, client_error
from tests.fakes.ecs_server.names import ACCOUNT, definition_arn

CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/towline-test-launcher/launcher"
PASSABLE = (f"arn:aws:iam::{ACCOUNT}:role/towline-test-*",)


class Definitions:
    """Families by name; a name without a revision is the newest active one.

    ``passable``: patterns of the roles that the caller may pass on; ECS asks IAM when a definition
    is registered, and when a task is started with it.
    """

    def __init__(self, passable: tuple[str, ...] = PASSABLE) -> None:
        self.passable = passable
        self._lock = threading.Lock()
        self._families: dict[str, list[dict[str, Any]]] = {}

    def register(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        check_definition(parameters)
        self.check_roles(parameters)
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

    def check_roles(self, definition: Mapping[str, Any]) -> None:
        """Raise what ECS answers when iam:PassRole is not allowed for a role of the definition."""
        for field in ("executionRoleArn", "taskRoleArn"):
            role = definition.get(field)
            if role is not None and not any(fnmatchcase(role, p) for p in self.passable):
                raise EcsError(
                    "AccessDeniedException",
                    f"User: {CALLER} is not authorized to perform: iam:PassRole on resource: "
                    f"{role} because no identity-based policy allows the iam:PassRole action",
                )

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
