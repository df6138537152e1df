"""Lists of jobs from the table's indexes: a page of them, and those that are due."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.aws.attribute_values import decode_item, encode
from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import service_calls
from chalicelib.aws.expiry import is_over
from chalicelib.aws.job_items import (
    ALL_INDEX,
    OPEN_INDEX,
    PROJECT_INDEX,
    job_from_item,
    job_key,
    list_keys,
    open_keys,
    waiting_keys,
)
from chalicelib.domain.job import Job, State
from chalicelib.domain.model import stamp
from chalicelib.ports import JobFilter, JobPage, ServiceTrouble

MAX_PAGE = 100
"""The most jobs on a page, and the most keys that BatchGetItem takes."""
SCANNED_AT_ONCE = 1000
SCAN_PAGES = 5
"""A filter that matches little ends a page early, with a cursor, rather than read for ever."""
STALLED_READS = 5

_ID = re.compile(r"[0-9a-z]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class _Slice:
    """Ids of one partition, newest first. Below ``floor`` nothing is known; None: all is."""

    ids: list[str]
    floor: str | None


class JobLists:
    """Reads keys from an index, then the jobs themselves, consistently, in one BatchGetItem.

    The indexes hold keys (and what is filtered on) alone, so that a heartbeat writes no index
    but the one of open jobs, and there a few bytes.
    """

    def __init__(self, clients: AwsClients, table: str, clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._table = table
        self._clock = clock

    def page(self, query: JobFilter) -> JobPage:
        """One page, newest first. Raises ``ValueError`` on a cursor that this did not make."""
        limit = max(1, min(query.limit, MAX_PAGE))
        below = _read_cursor(query.cursor) if query.cursor is not None else None
        if query.project is not None:
            slices = [self._slice(PROJECT_INDEX, "project", query.project, below, query, limit)]
        else:
            slices = [
                self._slice(ALL_INDEX, "list_pk", partition, below, query, limit)
                for partition in list_keys()
            ]
        floor = max((part.floor for part in slices if part.floor is not None), default=None)
        known = sorted((item for part in slices for item in part.ids), reverse=True)
        # Below the highest floor some partition has not been read: what lies there waits.
        certain = [item for item in known if floor is None or item >= floor]
        taken = certain[:limit]
        if len(certain) > limit or (len(taken) == limit and floor is not None):
            cursor: str | None = _cursor(taken[-1])
        else:
            cursor = _cursor(floor) if floor is not None else None
        jobs = [job for job in self._read(taken) if _matches(job, query)]
        return JobPage(jobs=tuple(jobs), cursor=cursor)

    def due(self, now: datetime, limit: int) -> Sequence[Job]:
        """Jobs whose ``due_at`` is not after ``now``; one Query per shard.

        Jobs that wait for a launcher get at least a quarter of the limit, and what the others
        leave of it.
        """
        under_way = self._due(open_keys(), now, limit)
        waiting = self._due(waiting_keys(), now, limit)
        kept = under_way[: limit - min(len(waiting), limit // 4)]
        oldest = [job_id for _, job_id in sorted(kept + waiting[: limit - len(kept)])]
        jobs = []
        for start in range(0, len(oldest), MAX_PAGE):
            jobs += self._read(oldest[start : start + MAX_PAGE])
        # The index is a moment late; the jobs as they are decide.
        return [job for job in jobs if job.due_at is not None and job.due_at <= now]

    def _due(self, partitions: Sequence[str], now: datetime, limit: int) -> list[tuple[str, str]]:
        """When and what is due in these partitions of the index, oldest first."""
        found: list[tuple[str, str]] = []
        for partition in partitions:
            with service_calls("look for jobs that are due"):
                answer = self._clients.dynamodb().query(
                    TableName=self._table,
                    IndexName=OPEN_INDEX,
                    KeyConditionExpression="open_pk = :pk AND due_at <= :now",
                    ExpressionAttributeValues={
                        ":pk": encode(partition),
                        ":now": encode(stamp(now)),
                    },
                    Limit=limit,
                )
            for item in answer["Items"]:
                keys = decode_item(item)
                found.append((keys["due_at"], keys["pk"].removeprefix("JOB#")))
        return sorted(found)[:limit]

    def _slice(
        self, index: str, key: str, partition: str, below: str | None, query: JobFilter, limit: int
    ) -> _Slice:
        arguments = _query_arguments(key, partition, below, query)
        filtered = "FilterExpression" in arguments
        ids: list[str] = []
        last: Any = None
        for _ in range(SCAN_PAGES):
            arguments["Limit"] = SCANNED_AT_ONCE if filtered else limit
            with service_calls("list jobs"):
                answer = self._clients.dynamodb().query(
                    TableName=self._table, IndexName=index, **arguments
                )
            ids += [item["id"]["S"] for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            if not last:
                return _Slice(ids, None)
            if len(ids) >= limit:
                break
            arguments["ExclusiveStartKey"] = last
        return _Slice(ids, last["id"]["S"])

    def _read(self, ids: Sequence[str]) -> list[Job]:
        """The jobs of these ids in this order; those that are gone are left out."""
        found: dict[str, Job] = {}
        wanted: Any = {self._table: {"Keys": [job_key(i) for i in ids], "ConsistentRead": True}}
        stalled = 0
        while ids and wanted:
            with service_calls("read jobs"):
                answer = self._clients.dynamodb().batch_get_item(RequestItems=wanted)
            items = answer["Responses"].get(self._table, [])
            now = self._clock()
            for item in items:
                if not is_over(item, now):
                    job = job_from_item(item)
                    found[job.id] = job
            wanted = answer.get("UnprocessedKeys")
            stalled = 0 if items else stalled + 1
            if stalled == STALLED_READS:
                raise ServiceTrouble("could not read jobs: the table gives none back at present")
        return [found[job_id] for job_id in ids if job_id in found]


def _query_arguments(
    key: str, partition: str, below: str | None, query: JobFilter
) -> dict[str, Any]:
    condition = "#pk = :pk"
    names = {"#pk": key}
    values = {":pk": encode(partition)}
    if below is not None:
        condition += " AND id < :below"
        values[":below"] = encode(below)
    filters = []
    for name, wanted in (("state", query.state), ("verdict", query.verdict)):
        if wanted is not None:
            filters.append(f"#{name} = :{name}")
            names[f"#{name}"] = name
            values[f":{name}"] = encode(wanted.value)
    arguments: dict[str, Any] = {
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": False,
    }
    if filters:
        arguments["FilterExpression"] = " AND ".join(filters)
    return arguments


def _matches(job: Job, query: JobFilter) -> bool:
    return (query.state is None or job.state is State(query.state)) and (
        query.verdict is None or job.verdict is query.verdict
    )


def _cursor(job_id: str) -> str:
    return base64.urlsafe_b64encode(f"1:{job_id}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> str:
    try:
        version, _, job_id = (
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        version, job_id = "", ""
    if version != "1" or not _ID.match(job_id):
        raise ValueError("the cursor is not one that a list gave back; start without one")
    return job_id
