"""Timetables of projects in the table: ``pk`` ``project#<name>``, ``sk`` ``timetable``.

Those with a schedule are in a partition of the index of open items, by when they are due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib.aws.attribute_values import encode, encode_item
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.due_index import due_keys
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.aws.project_slots import slots_key
from chalicelib.domain.model import stamp
from chalicelib.domain.timetable import Timetable

OPEN = "OPEN_TIMETABLES"


class TimetableTable:
    """``build_ports.TimetableStore``. One request for each method."""

    def __init__(self, clients: AwsClients, table: str) -> None:
        self._clients = clients
        self._table = table

    def get(self, project: str) -> Timetable | None:
        with service_calls(f"read the timetable of {project}"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=_key(project), ConsistentRead=True
            )
        item: Any = answer.get("Item")
        return None if item is None else Timetable.model_validate_json(item["body"]["S"])

    def put(self, timetable: Timetable) -> bool:
        from botocore.exceptions import ClientError

        fields: dict[str, Any] = {
            "body": timetable.model_dump_json(),
            "version": timetable.version,
        }
        if timetable.next_at is not None:
            fields |= {"open_pk": OPEN, "due_at": stamp(timetable.next_at)}
        before: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if timetable.version > 1:
            before = {
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": encode(timetable.version - 1)},
            }
        item = _key(timetable.project) | encode_item(fields)
        with service_calls(f"write the timetable of {timetable.project}"):
            try:
                self._clients.dynamodb().put_item(TableName=self._table, Item=item, **before)
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def remove(self, project: str) -> None:
        with service_calls(f"forget the timetable of {project}"):
            self._clients.dynamodb().delete_item(TableName=self._table, Key=_key(project))

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        keys = due_keys(self._clients, self._table, OPEN, now, limit)
        return [key.partition("#")[2] for key in keys]


def _key(project: str) -> dict[str, Any]:
    return {"pk": slots_key(project)["pk"], "sk": {"S": "timetable"}}
