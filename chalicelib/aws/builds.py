"""Builds in the table: each write conditional on the version before.

| Item | ``pk`` | ``sk`` | Attributes |
|---|---|---|---|
| build | ``build#<id>`` | ``build`` | ``body`` (JSON), ``version``, ``state``, index keys |
| what GitHub was told of it | ``build#<id>`` | ``sent`` | ``body`` (JSON), ``revision`` |

The indexes are the jobs' own: in partitions with other names, no reader of jobs sees a build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.aws.attribute_values import decode_item, encode, encode_item
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.due_index import due_keys
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.aws.expiry import EXPIRE_AT, is_over, job_expiry
from chalicelib.aws.job_items import ALL_INDEX, PROJECT_INDEX
from chalicelib.build_ports import BuildChanged, BuildPage, Sent
from chalicelib.domain.build_record import FINAL, BuildRecord
from chalicelib.domain.model import stamp

OPEN = "OPEN_BUILDS"
ALL = "BUILDS"
PREFIX = "build#"
MOST_READ = 50
_CURSOR = re.compile(r"[0-9a-z]{26}\Z")


class BuildTable:
    """``build_ports.BuildStore``. One request for each method, but for lists: one Query and one
    GetItem for each build. ``retention_days`` as of jobs."""

    def __init__(
        self,
        clients: AwsClients,
        table: str,
        *,
        retention_days: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clients = clients
        self._table = table
        self._retention_days = retention_days
        self._clock = clock

    def create(self, build: BuildRecord, *, due_at: datetime) -> tuple[BuildRecord, bool]:
        fresh = {"ConditionExpression": "attribute_not_exists(pk)"}
        if self._put(self._item(build, due_at), build.id, fresh):
            return build, True
        return self.get(build.id) or build, False

    def get(self, build_id: str) -> BuildRecord | None:
        item = self._get(build_id, "build")
        return None if item is None else BuildRecord.model_validate_json(item["body"]["S"])

    def put(self, build: BuildRecord, *, due_at: datetime) -> None:
        before = {
            "ConditionExpression": "version = :before",
            "ExpressionAttributeValues": {":before": encode(build.version - 1)},
        }
        if not self._put(self._item(build, due_at), build.id, before):
            raise BuildChanged(f"build {build.id} was changed meanwhile")

    def page(self, project: str | None, *, limit: int, cursor: str | None = None) -> BuildPage:
        if cursor is not None and not _CURSOR.match(cursor):
            raise ValueError("not a cursor of builds")
        keys, more = self._newest(project, min(limit, MOST_READ), cursor)
        found = [build for build in (self.get(key["id"]) for key in keys) if build is not None]
        return BuildPage(tuple(found), keys[-1]["id"] if more else None)

    def unfinished(self, project: str, limit: int) -> Sequence[BuildRecord]:
        keys, _ = self._newest(project, limit, None)
        over = {state.value for state in FINAL}
        found = (self.get(key["id"]) for key in keys if key.get("state") not in over)
        return [build for build in found if build is not None and not build.final]

    def remind(self, build: BuildRecord, due_at: datetime | None) -> None:
        from botocore.exceptions import ClientError

        values = {":version": encode(build.version)}
        expression = "REMOVE open_pk, due_at"
        if due_at is not None:
            expression = "SET open_pk = :open, due_at = :due"
            values |= {":open": encode(OPEN), ":due": encode(stamp(due_at))}
        with service_calls(f"write build {build.id}"):
            try:
                self._clients.dynamodb().update_item(
                    TableName=self._table,
                    Key=_key(build.id, "build"),
                    UpdateExpression=expression,
                    ConditionExpression="version = :version",
                    ExpressionAttributeValues=values,
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        keys = due_keys(self._clients, self._table, OPEN, now, limit)
        return [key.removeprefix(PREFIX) for key in keys]

    def sent(self, build_id: str) -> Sent:
        item = self._get(build_id, "sent")
        return Sent() if item is None else Sent.model_validate_json(item["body"]["S"])

    def put_sent(self, build_id: str, sent: Sent) -> Sent:
        written = sent.model_copy(update={"revision": sent.revision + 1})
        body = {"body": written.model_dump_json(), "revision": written.revision}
        ends = {EXPIRE_AT: job_expiry(self._clock(), self._retention_days)}
        before: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if sent.revision:
            before = {
                "ConditionExpression": "revision = :before",
                "ExpressionAttributeValues": {":before": encode(sent.revision)},
            }
        item = _key(build_id, "sent") | encode_item({**body, **ends})
        if not self._put(item, build_id, before):
            raise BuildChanged(f"what was sent of build {build_id} has changed meanwhile")
        return written

    def _item(self, build: BuildRecord, due_at: datetime) -> dict[str, Any]:
        ends = job_expiry(build.finished_at, self._retention_days) if build.finished_at else None
        return _key(build.id, "build") | encode_item(
            {
                "body": build.model_dump_json(exclude_defaults=True),
                "version": build.version,
                "state": build.state.value,
                "id": build.id,
                "project": _partition(build.project),
                "list_pk": ALL,
                "open_pk": OPEN,
                "due_at": stamp(due_at),
                EXPIRE_AT: ends,
            }
        )

    def _put(self, item: dict[str, Any], build_id: str, condition: dict[str, Any]) -> bool:
        from botocore.exceptions import ClientError

        with service_calls(f"write build {build_id}"):
            try:
                self._clients.dynamodb().put_item(TableName=self._table, Item=item, **condition)
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def _get(self, build_id: str, part: str) -> dict[str, Any] | None:
        with service_calls(f"read build {build_id}"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=_key(build_id, part), ConsistentRead=True
            )
        item: Any = answer.get("Item")
        return None if item is None or is_over(item, self._clock()) else item

    def _newest(
        self, project: str | None, limit: int, below: str | None
    ) -> tuple[list[dict[str, Any]], bool]:
        index, name, partition = ALL_INDEX, "list_pk", ALL
        if project is not None:
            index, name, partition = PROJECT_INDEX, "project", _partition(project)
        values = {":pk": encode(partition)}
        condition = "#pk = :pk"
        if below is not None:
            condition += " AND id < :below"
            values[":below"] = encode(below)
        with service_calls("list builds"):
            answer = self._clients.dynamodb().query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames={"#pk": name},
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                Limit=limit,
            )
        return [decode_item(item) for item in answer["Items"]], "LastEvaluatedKey" in answer


def _key(build_id: str, part: str) -> dict[str, Any]:
    return {"pk": {"S": f"{PREFIX}{build_id}"}, "sk": {"S": part}}


def _partition(project: str) -> str:
    # A project's name begins with a letter or digit and has no '#': this is no project's.
    return f"{ALL}#{project}"
