"""Jobs in DynamoDB: each step one conditional write, each conflict answered without a read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from chalicelib.aws.attribute_values import decode_item, encode, encode_item
from chalicelib.aws.change_expression import update_arguments
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.aws.expiry import EXPIRE_AT, idempotency_expiry, is_over, job_expiry
from chalicelib.aws.job_items import (
    idempotency_key_of,
    job_from_item,
    job_item,
    job_key,
    open_key,
    waiting_key,
)
from chalicelib.aws.job_lists import JobLists
from chalicelib.domain.change import Change, Path
from chalicelib.domain.job import Job
from chalicelib.ports import Conflict, IdempotencyMismatch, JobFilter, JobPage, ServiceTrouble

FINISHED_AT: Path = ("finished_at",)


class JobTable:
    """``ports.JobStore`` over one table (``job_items`` has its keys).

    Requests made: ``create`` one PutItem, or one TransactWriteItems with a key (and one GetItem
    when the key was used); ``get`` one GetItem; ``apply`` one UpdateItem, conflict or not.
    ``retention_days`` is how long a finished job is kept; None: for ever. It counts for jobs that
    finish from now on. ``clock`` tells which items are over.
    """

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
        self._lists = JobLists(clients, table, clock)

    def create(
        self, job: Job, *, idempotency_key: str | None = None, request_hash: str = ""
    ) -> tuple[Job, bool]:
        if idempotency_key is None:
            return self._create(job), True
        return self._create_once(job, idempotency_key, request_hash)

    def made_by(
        self, project: str, idempotency_key: str, request_hash: str, *, now: datetime
    ) -> Job | None:
        key = idempotency_key_of(project, idempotency_key)
        with service_calls("look for an idempotency key"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=key, ConsistentRead=True
            )
        item = cast("dict[str, Any]", answer.get("Item"))
        if not item or is_over(item, now):
            return None
        return self._marked(decode_item(item), request_hash)

    def get(self, job_id: str) -> Job | None:
        with service_calls(f"read job {job_id}"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=job_key(job_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None or is_over(item, self._clock()) else job_from_item(item)

    def apply(self, job_id: str, change: Change, *, now: datetime) -> Job:
        from botocore.exceptions import ClientError

        expire_at = job_expiry(now, self._retention_days) if FINISHED_AT in change.set else None
        if expire_at is not None:
            change = replace(change, set={**change.set, (EXPIRE_AT,): expire_at})
        arguments = update_arguments(
            change, now=now, open_key=open_key(job_id), waiting_key=waiting_key(job_id)
        )
        with service_calls(f"write job {job_id}"):
            try:
                answer = self._clients.dynamodb().update_item(
                    TableName=self._table,
                    Key=job_key(job_id),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **arguments,
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                raise Conflict(_item_in(error)) from None
        return job_from_item(answer["Attributes"])

    def list(self, query: JobFilter) -> JobPage:
        return self._lists.page(query)

    def due(self, now: datetime, limit: int) -> Sequence[Job]:
        return self._lists.due(now, limit)

    def _create(self, job: Job) -> Job:
        from botocore.exceptions import ClientError

        with service_calls(f"write job {job.id}"):
            try:
                self._clients.dynamodb().put_item(
                    TableName=self._table,
                    Item=job_item(job),
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                # An id holds 80 random bits: the job that is there is this one, written by a
                # try whose answer was lost.
                return _item_in(error) or job
        return job

    def _create_once(self, job: Job, key: str, request_hash: str) -> tuple[Job, bool]:
        from botocore.exceptions import ClientError

        marker_key = idempotency_key_of(job.project, key)
        expire_at = idempotency_expiry(job.created_at)
        marker = marker_key | encode_item(
            {"job": job.id, "request_hash": request_hash, EXPIRE_AT: expire_at}
        )
        # An expired marker that was not deleted yet is as none.
        fresh = {
            "ConditionExpression": "attribute_not_exists(pk) OR #end <= :now",
            "ExpressionAttributeNames": {"#end": EXPIRE_AT},
            "ExpressionAttributeValues": {":now": encode(int(job.created_at.timestamp()))},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        puts: Any = [
            {"Put": {"TableName": self._table, "Item": marker, **fresh}},
            {
                "Put": {
                    "TableName": self._table,
                    "Item": job_item(job),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
        ]
        with service_calls(f"write job {job.id}"):
            try:
                self._clients.dynamodb().transact_write_items(TransactItems=puts)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                used = _used_marker(error)
                if used is None:
                    raise ServiceTrouble(
                        f"could not write job {job.id}: another submit with the same idempotency "
                        "key was being written at that moment; try again"
                    ) from None
            else:
                return job, True
        return self._first_job(job, used, request_hash)

    def _first_job(self, job: Job, used: dict[str, Any], request_hash: str) -> tuple[Job, bool]:
        if used["request_hash"] == request_hash and used["job"] == job.id:
            return job, True
        return self._marked(used, request_hash), False

    def _marked(self, used: dict[str, Any], request_hash: str) -> Job:
        if used["request_hash"] != request_hash:
            raise IdempotencyMismatch(
                "this idempotency key was used before for another request; use a new key"
            )
        first = self.get(used["job"])
        if first is None:
            raise ServiceTrouble(
                f"job {used['job']}, which this idempotency key made, is no longer in the table",
                retryable=False,
            )
        return first


def _item_in(error: Any) -> Job | None:
    """The item that a refused condition came back with; None when there is no such item."""
    item = error.response.get("Item")
    return job_from_item(item) if item else None


def _used_marker(error: Any) -> dict[str, Any] | None:
    """What the idempotency key was used for, out of a cancelled transaction."""
    reasons = error.response.get("CancellationReasons") or [{}]
    item = reasons[0].get("Item")
    return decode_item(cast("dict[str, Any]", item)) if item else None
