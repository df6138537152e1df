"""Slots of projects with a limit: who has one, who waits, each moved together with the job.

A project's slots are one item: ``holders``, a map from a job's id to since when it has one, and
``max_jobs``, a copy of the project's limit. A map and no number: to take a slot twice or to give
one up twice changes nothing, and the reaper can see who has one. Each job that waits is an item
beside it, whose key sorts by the job's age, so that the oldest is found by one consistent read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from chalicelib.aws.attribute_values import decode_item, encode
from chalicelib.aws.change_expression import update_arguments
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.aws.expiry import EXPIRE_AT, job_expiry
from chalicelib.aws.job_items import job_from_item, job_key, open_key, waiting_key
from chalicelib.domain.change import Change
from chalicelib.domain.job import Job
from chalicelib.domain.project import project_key
from chalicelib.ports import Conflict, ServiceTrouble
from chalicelib.project_port import Heir, NoSlot, NotHanded, Slots, SlotsFree

TRIES = 6
FIRST_PAUSE_S = 0.03
"""Doubled after each: two transactions on one item refuse each other, and one project's jobs
all write the same one. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""

_ROOM = "attribute_not_exists(max_jobs) OR size(holders) < max_jobs"
_FULL = "size(holders) >= max_jobs"
_NOT_TOO_MANY = "attribute_not_exists(max_jobs) OR size(holders) <= max_jobs"
_HELD = "attribute_exists(holders.#job)"
FAILED = "ConditionalCheckFailed"


class SlotTable:
    """``project_port.ProjectSlots`` over the one table.

    Requests made: each write one TransactWriteItems and, as that gives nothing back, one GetItem of
    the job. ``retention_days`` as for ``JobTable``.
    """

    def __init__(
        self,
        clients: AwsClients,
        table: str,
        *,
        retention_days: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clients = clients
        self._table = table
        self._retention_days = retention_days
        self._sleep = sleep

    def take(self, job: Job, change: Change, *, now: datetime) -> Job:
        slots = self._slots(job.project, "SET holders.#job = :now", f"{_HELD} OR {_ROOM}", job.id)
        slots["Update"]["ExpressionAttributeValues"] = {":now": encode(now)}
        items = [self._job(job.id, change, now), slots, self._out_of_line(job.project, job.id)]
        self._transact(job.id, items, NoSlot("all slots of the project are taken"))
        return self._read_job(job.id)

    def wait(self, job: Job, change: Change, *, now: datetime) -> Job:
        # Not one that was handed a slot since it was refused one: it would wait beside its own.
        check = {
            "Key": slots_key(job.project),
            "ConditionExpression": f"{_FULL} AND attribute_not_exists(holders.#job)",
            "ExpressionAttributeNames": {"#job": job.id},
        }
        put = {"Item": _wait_key(job.project, job.id)}
        items = [
            self._job(job.id, change, now),
            {"ConditionCheck": {"TableName": self._table, **check}},
            {"Put": {"TableName": self._table, **put}},
        ]
        self._transact(job.id, items, SlotsFree("there is a slot"))
        return self._read_job(job.id)

    def leave(self, job: Job, change: Change, heir: Heir | None, *, now: datetime) -> Job:
        expression, condition = "REMOVE holders.#job", "attribute_exists(pk)"
        names, values = {"#job": job.id}, {}
        items = [self._job(job.id, change, now)]
        if heir is not None:
            expression = "SET holders.#heir = :now " + expression
            condition = f"{_HELD} AND ({_NOT_TOO_MANY})"
            names["#heir"], values[":now"] = heir.job_id, encode(now)
        slots = self._slots(job.project, expression, condition, job.id)
        slots["Update"]["ExpressionAttributeNames"] = names
        if values:
            slots["Update"]["ExpressionAttributeValues"] = values
        items += [slots, self._out_of_line(job.project, job.id)]
        if heir is not None:
            items += [
                self._job(heir.job_id, heir.change, now),
                self._out_of_line(job.project, heir.job_id),
            ]
        self._transact(job.id, items, NotHanded("the slot could not be handed on"))
        return self._read_job(job.id)

    def hand(self, project: str, heir: Heir, *, now: datetime) -> Job:
        slots = self._slots(project, "SET holders.#job = :now", _ROOM, heir.job_id)
        slots["Update"]["ExpressionAttributeValues"] = {":now": encode(now)}
        items = [
            self._job(heir.job_id, heir.change, now),
            slots,
            self._out_of_line(project, heir.job_id),
        ]
        self._transact(heir.job_id, items, NoSlot("all slots of the project are taken"))
        return self._read_job(heir.job_id)

    def waiting(self, project: str, *, after: str = "", limit: int = 1) -> Sequence[str]:
        with service_calls(f"look who waits for a slot of {project}"):
            answer = self._clients.dynamodb().query(
                TableName=self._table,
                # No id reaches "~", so the range ends where the waiting jobs do.
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues={
                    ":pk": slots_key(project)["pk"],
                    ":first": {"S": f"wait#{after}!" if after else "wait#"},
                    ":last": {"S": "wait#~"},
                },
                ConsistentRead=True,
                Limit=limit,
            )
        return [item["sk"]["S"].removeprefix("wait#") for item in answer["Items"]]

    def read(self, project: str) -> Slots:
        with service_calls(f"read the slots of {project}"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=slots_key(project), ConsistentRead=True
            )
        fields = decode_item(answer.get("Item", {}))
        held = fields.get("holders", {})
        return Slots(
            limit=fields.get("max_jobs"),
            holders={job: datetime.fromisoformat(since) for job, since in held.items()},
        )

    def drop_holder(self, project: str, job_id: str) -> bool:
        over = self._check(job_id, "attribute_not_exists(pk) OR #state = :over", "state")
        over["ConditionCheck"]["ExpressionAttributeValues"] = {":over": {"S": "finished"}}
        slots = self._slots(project, "REMOVE holders.#job", "attribute_exists(pk)", job_id)
        return self._mend(job_id, [over, slots])

    def drop_waiting(self, project: str, job_id: str) -> bool:
        waits_not = self._check(job_id, "attribute_not_exists(#waiting)", "waiting_since")
        return self._mend(job_id, [waits_not, self._out_of_line(project, job_id)])

    # --- parts of a transaction ---

    def _job(self, job_id: str, change: Change, now: datetime) -> dict[str, Any]:
        keys = {"open_key": open_key(job_id), "waiting_key": waiting_key(job_id)}
        expire_at = job_expiry(now, self._retention_days)
        if ("finished_at",) in change.set and expire_at is not None:
            change = Change({**change.set, (EXPIRE_AT,): expire_at}, change.remove, change.when)
        return {
            "Update": {
                "TableName": self._table,
                "Key": job_key(job_id),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                **update_arguments(change, now=now, **keys),
            }
        }

    def _slots(self, project: str, expression: str, condition: str, job_id: str) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table,
                "Key": slots_key(project),
                "UpdateExpression": expression,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {"#job": job_id},
            }
        }

    def _out_of_line(self, project: str, job_id: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": _wait_key(project, job_id)}}

    def _check(self, job_id: str, condition: str, name: str) -> dict[str, Any]:
        placeholder = "#state" if name == "state" else "#waiting"
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": job_key(job_id),
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {placeholder: name},
            }
        }

    # --- requests ---

    def _transact(self, job_id: str, items: Any, otherwise: Exception) -> None:
        """Write all of it or nothing. Raises ``Conflict`` when the job's own change does not hold,
        ``otherwise`` when another part's condition does not."""
        reasons = self._cancelled(job_id, items)
        if not reasons:
            return
        if reasons[0].get("Code") == FAILED:
            item = reasons[0].get("Item")
            raise Conflict(job_from_item(item) if item else None)
        raise otherwise

    def _mend(self, job_id: str, items: Any) -> bool:
        return not self._cancelled(job_id, items)

    def _cancelled(self, job_id: str, items: Any) -> list[Any]:
        """Why nothing was written; empty when it was. Tried again while others write the same."""
        from botocore.exceptions import ClientError

        reasons: list[Any] = []
        with service_calls(f"write job {job_id} and its project's slots"):
            for tried in range(TRIES):
                if tried:
                    self._sleep(FIRST_PAUSE_S * 2 ** (tried - 1))
                try:
                    self._clients.dynamodb().transact_write_items(TransactItems=items)
                except ClientError as error:
                    if error_code(error) != "TransactionCanceledException":
                        raise
                    reasons = list(error.response.get("CancellationReasons") or [])
                else:
                    return []
                if any(reason.get("Code") == FAILED for reason in reasons):
                    return reasons
        codes = ", ".join(sorted({str(reason.get("Code")) for reason in reasons} - {"None"}))
        raise ServiceTrouble(f"could not write job {job_id} and its project's slots: {codes}")

    def _read_job(self, job_id: str) -> Job:
        with service_calls(f"read job {job_id}"):
            answer = self._clients.dynamodb().get_item(
                TableName=self._table, Key=job_key(job_id), ConsistentRead=True
            )
        if "Item" not in answer:
            raise ServiceTrouble(f"job {job_id} was written and is not in the table")
        return job_from_item(answer["Item"])


def slots_key(project: str) -> dict[str, Any]:
    """The primary key of the item that has a project's slots."""
    return {"pk": {"S": f"project#{project_key(project)}"}, "sk": {"S": "slots"}}


def _wait_key(project: str, job_id: str) -> dict[str, Any]:
    return {"pk": slots_key(project)["pk"], "sk": {"S": f"wait#{job_id}"}}
