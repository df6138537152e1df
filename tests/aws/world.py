"""What a test of the adapters has of AWS: clients, names of its own, a count of its requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.provision import create_bucket, create_queue, create_table
from chalicelib.domain.job import Job

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class World:
    """Resources are made when they are first named."""

    clients: AwsClients
    number: int
    requests: Counter[str] = field(default_factory=Counter)

    @cached_property
    def table(self) -> str:
        create_table(self.clients, f"table{self.number}")
        return f"table{self.number}"

    @cached_property
    def bucket(self) -> str:
        create_bucket(self.clients, f"bucket{self.number}")
        return f"bucket{self.number}"

    @cached_property
    def queue_url(self) -> str:
        return create_queue(self.clients, f"queue{self.number}")

    @property
    def prefix(self) -> str:
        """Where this test's parameters are."""
        return f"/towline/test{self.number}"

    def count(self) -> dict[str, int]:
        """Requests by operation since the last count."""
        counted = dict(self.requests)
        self.requests.clear()
        return counted


def a_job(number: int, **fields: Any) -> Job:
    """A queued job; a higher number is a newer one."""
    return Job(
        **{
            "id": f"{number:026d}",
            "project": "acme/site",
            "created_at": NOW,
            "updated_at": NOW,
            "due_at": NOW + timedelta(seconds=number),
            "queue_deadline": NOW + timedelta(hours=1),
            "timeout_s": 60.5,
            "grace_s": 10,
        }
        | fields
    )
