"""How jobs lie in the table: their keys, their indexes' keys, and the way back to a ``Job``.

| Item | ``pk`` | ``sk`` | Attributes |
|---|---|---|---|
| job | ``JOB#<id>`` | ``META`` | the job's fields, ``list_pk``, ``open_pk`` while it is due |
| idempotency key | ``IDEM#<sha256>`` | ``IDEM`` | ``job``, ``request_hash`` |
| bearer token | ``TOKENS`` | the token's id | see ``tokens`` |
| project | ``PROJECTS`` | its name | see ``projects`` |
| project's slots | ``project#<name>`` | ``slots`` | see ``project_slots`` |
| a job that waits for one | ``project#<name>`` | ``wait#<job>`` | none |
| project's schedules | ``project#<name>`` | ``timetable`` | see ``timetables`` |

What ends by itself has ``expire_at`` besides (``expiry``): keys, tokens with an end, and finished
jobs where a retention is set.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from chalicelib.aws.attribute_values import decode_item, encode_item
from chalicelib.domain.job import Job, State

SORT_KEY = "META"
OPEN_INDEX = "open"
"""Jobs that have a ``due_at``, by it: ``open_pk``, ``due_at``. Sparse: a finished job has none."""
PROJECT_INDEX = "by_project"
"""A project's jobs: ``project`` and ``id``, which sorts by time."""
ALL_INDEX = "all_jobs"
"""Every job: ``list_pk`` and ``id``, over a few shards that a reader merges."""
OPEN_SHARDS = 8
"""Times two: jobs that wait for a launcher are in partitions of their own, so that a long launch
queue, whose jobs are all due for another message, never hides a lost runner from the reaper."""
LIST_SHARDS = 4


def job_key(job_id: str) -> dict[str, Any]:
    """The primary key of a job's item."""
    return {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": SORT_KEY}}


def open_key(job_id: str) -> str:
    """The partition of the index of open jobs that a job belongs to."""
    return f"OPEN#{_shard(job_id, OPEN_SHARDS)}"


def waiting_key(job_id: str) -> str:
    """As above, while the job's id is on the launch queue."""
    return f"WAIT#{_shard(job_id, OPEN_SHARDS)}"


def open_keys() -> list[str]:
    return [f"OPEN#{shard}" for shard in range(OPEN_SHARDS)]


def waiting_keys() -> list[str]:
    return [f"WAIT#{shard}" for shard in range(OPEN_SHARDS)]


def list_keys() -> list[str]:
    return [f"JOBS#{shard}" for shard in range(LIST_SHARDS)]


def job_item(job: Job) -> dict[str, Any]:
    """A new job as an item, with the keys of the indexes it is in."""
    fields = job.model_dump(mode="json", exclude_none=True)
    fields["list_pk"] = f"JOBS#{_shard(job.id, LIST_SHARDS)}"
    if job.due_at is not None:
        waits = job.state is State.QUEUED
        fields["open_pk"] = waiting_key(job.id) if waits else open_key(job.id)
    return job_key(job.id) | encode_item(fields)


def job_from_item(item: Mapping[str, Any]) -> Job:
    """The job that an item holds; attributes that are not a job's are ignored."""
    return Job.model_validate(decode_item(item))


def idempotency_key_of(project: str, key: str) -> dict[str, Any]:
    """The primary key of what remembers a submit with an idempotency key."""
    # The length in front keeps ("a", "b\0c") and ("a\0b", "c") apart.
    digest = hashlib.sha256(f"{len(project)}\0{project}\0{key}".encode()).hexdigest()
    return {"pk": {"S": f"IDEM#{digest}"}, "sk": {"S": "IDEM"}}


def _shard(job_id: str, shards: int) -> int:
    return zlib.crc32(job_id.encode()) % shards
