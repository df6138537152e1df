"""Registers task definitions, each content once: memory, then ECS's own list, then a new one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, error_message

REMEMBERED = 10_000


class TaskDefinitions:
    """Knows which families exist. A family is named by its content, so any revision will do."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def ensure(self, definition: Mapping[str, Any]) -> str:
        """The family to run, registered if need be. Raises the driver's ``ClientError``.

        No request when this process has seen it, one when another has, two for a new one. Two that
        register at once make two revisions of the same content, which harms nothing.
        """
        family = str(definition["family"])
        with self._lock:
            if family in self._known:
                return family
        if not self._exists(family):
            self._clients.ecs().register_task_definition(**definition)
        with self._lock:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known.add(family)
        return family

    def forget(self, family: str) -> None:
        """It was deregistered behind our back: ask again next time."""
        with self._lock:
            self._known.discard(family)

    def _exists(self, family: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            self._clients.ecs().describe_task_definition(taskDefinition=family)
        except ClientError as error:
            if is_missing_definition(error):
                return False
            raise
        return True


def is_missing_definition(error: Any) -> bool:
    """Whether ECS says that it knows no such task definition, or no active revision of it."""
    words = error_message(error).lower()
    return error_code(error) in ("ClientException", "InvalidParameterException") and (
        "unable to describe task definition" in words
        or "taskdefinition not found" in words
        or "task definition does not exist" in words
        or "taskdefinition is inactive" in words
    )
