"""Registered projects in the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.aws.attribute_values import decode_item, encode, encode_item
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.aws.project_slots import slots_key
from chalicelib.domain.project import Project, project_key
from chalicelib.project_port import ProjectChanged

PROJECTS = "PROJECTS"
"""All projects are in one partition: there are few, each is cached, and they can be listed."""
CACHE_S = 10.0
CACHED = 1024


class ProjectTable:
    """``project_port.ProjectStore``. ``find`` may be ``cache_s`` seconds old, for a project that
    is not there as well: each submit asks, and most projects have no settings.

    Requests made: ``find`` at most one GetItem, ``get`` one; ``of_repository`` at most a Query of
    all and a GetItem; ``put`` and ``remove`` one TransactWriteItems, as the limit is kept beside
    the slots, too.
    """

    def __init__(
        self,
        clients: AwsClients,
        table: str,
        *,
        cache_s: float = CACHE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._table = table
        self._cache_s = cache_s
        self._monotonic = monotonic
        self._cache: dict[str, tuple[float, Project | None]] = {}
        self._names: tuple[float, dict[int, str]] = (-1.0, {})

    def find(self, name: str) -> Project | None:
        key, now = project_key(name), self._monotonic()
        cached = self._cache.get(key)
        if cached is not None and now < cached[0]:
            return cached[1]
        project = self.get(key)
        if len(self._cache) >= CACHED:
            self._cache.clear()
        self._cache[key] = (now + self._cache_s, project)
        return project

    def get(self, name: str) -> Project | None:
        with service_calls(f"read the project {name}"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=_key(name), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else _project(item)

    def of_repository(self, repository_id: int) -> Project | None:
        now = self._monotonic()
        if now >= self._names[0]:
            known = {p.repository_id: p.name for p in self.all() if p.repository_id is not None}
            self._names = (now + self._cache_s, known)
        name = self._names[1].get(repository_id)
        return None if name is None else self.find(name)

    def put(self, project: Project, *, replaces: int | None) -> None:
        item = _key(project.name) | encode_item(project.model_dump(mode="json", exclude_none=True))
        written: dict[str, Any] = {"TableName": self._table, "Item": item}
        if replaces is None:
            written["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            written |= {
                "ConditionExpression": "#version = :version",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":version": encode(replaces)},
            }
        self._write({"Put": written}, project.name, project.max_jobs)

    def all(self) -> list[Project]:
        found = []
        with service_calls("list the projects"):
            pages = self._clients.dynamodb().get_paginator("query")
            for page in pages.paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": PROJECTS}},
                ConsistentRead=True,
            ):
                found += [_project(item) for item in page["Items"]]
        return sorted(found, key=lambda project: project.name)

    def remove(self, name: str) -> bool:
        deleted = {
            "TableName": self._table,
            "Key": _key(name),
            "ConditionExpression": "attribute_exists(pk)",
        }
        try:
            self._write({"Delete": deleted}, name, None)
        except ProjectChanged:
            return False
        return True

    def _write(self, settings: dict[str, Any], name: str, limit: int | None) -> None:
        """The settings, and in the same write the limit where the slots are: a launch looks there
        alone. Who has a slot stays noted when the limit goes, so that a new one counts them."""
        from botocore.exceptions import ClientError

        values = {":none": encode({})}
        expression = "SET holders = if_not_exists(holders, :none)"
        if limit is None:
            expression += " REMOVE max_jobs"
        else:
            expression += ", max_jobs = :limit"
            values[":limit"] = encode(limit)
        slots = {
            "TableName": self._table,
            "Key": slots_key(name),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
        }
        items: Any = [settings, {"Update": slots}]
        self._cache.pop(project_key(name), None)
        self._names = (-1.0, {})
        with service_calls(f"write the project {name}"):
            try:
                self._clients.dynamodb().transact_write_items(TransactItems=items)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                reasons = error.response.get("CancellationReasons") or [{}]
                if reasons[0].get("Code") != "ConditionalCheckFailed":
                    raise
                raise ProjectChanged(f"project {name} was changed meanwhile") from None


def _key(name: str) -> dict[str, Any]:
    return {"pk": {"S": PROJECTS}, "sk": {"S": project_key(name)}}


def _project(item: Mapping[str, Any]) -> Project:
    return Project.model_validate(decode_item(item))
