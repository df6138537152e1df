"""Puts log chunks where a runner would put them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from tests.aws.world import World

JOB = "0" * 25 + "j"
PREFIX = f"logs/{JOB}/1/"


@dataclass
class Uploads:
    """One attempt's log: ``chunk`` appends, ``lose`` counts bytes that never arrive."""

    world: World
    offset: int = 0
    sequence: int = 0
    members: bytes = b""
    prefix: str = PREFIX

    def chunk(self, data: bytes) -> None:
        body = gzip.compress(data, mtime=0)
        self.put(f"{self.offset:015d}-{self.sequence:08d}-{len(data)}.gz", body)
        self.offset += len(data)
        self.sequence += 1
        self.members += body

    def lose(self, data: bytes) -> None:
        self.offset += len(data)
        self.sequence += 1
        self.members += gzip.compress(data, mtime=0)

    def archive(self) -> None:
        self.put("log.gz", self.members)

    def put(self, name: str, body: bytes) -> None:
        self.world.clients.s3().put_object(
            Bucket=self.world.bucket, Key=self.prefix + name, Body=body
        )
