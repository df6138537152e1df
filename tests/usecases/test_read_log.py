"""Reading a log by offset: while it grows, at its end, and with parts missing."""

from __future__ import annotations

import gzip

import pytest

from chalicelib.domain.evidence import LogSummary
from chalicelib.domain.job import Job
from chalicelib.usecases.errors import UnknownAttempt, UnknownJob
from tests.usecases.world import World, a_report


def write(world: World, job: Job, data: bytes, offset: int = 0, sequence: int = 0) -> None:
    key = f"logs/{job.id}/{job.attempt}/{offset:015d}-{sequence:08d}-{len(data)}.gz"
    world.clients.s3().put_object(Bucket="towline-logs", Key=key, Body=gzip.compress(data))


def test_a_log_is_read_as_it_grows_and_is_complete_at_the_reported_length(world: World) -> None:
    job = world.running()
    part = world.dispatcher.read_log(job.id)
    assert (part.data, part.complete) == (b"", False)
    write(world, job, b"hello ")
    part = world.dispatcher.read_log(job.id)
    assert (part.data, part.next_offset, part.complete) == (b"hello ", 6, False)
    write(world, job, b"world\n", 6, 1)
    world.report(job, world.lease(job), a_report(0, log=LogSummary(bytes=12, chunks=2)))
    part = world.dispatcher.read_log(job.id, offset=6)
    assert (part.data, part.next_offset, part.complete) == (b"world\n", 12, True)


def test_a_part_has_at_most_the_bytes_asked_for(world: World) -> None:
    job = world.running()
    write(world, job, b"0123456789")
    part = world.dispatcher.read_log(job.id, offset=2, limit=3)
    assert (part.data, part.next_offset) == (b"234", 5)


def test_a_log_without_a_report_is_complete_when_the_job_is_over(world: World) -> None:
    job = world.running()
    write(world, job, b"last words")
    world.stop(job, 137)
    part = world.dispatcher.read_log(job.id)
    assert (part.data, part.complete) == (b"last words", False)
    part = world.dispatcher.read_log(job.id, offset=part.next_offset)
    assert (part.data, part.complete) == (b"", True)


def test_chunks_that_never_came_show_as_a_gap_and_do_not_hold_a_follower(world: World) -> None:
    job = world.running()
    write(world, job, b"end", 100, 7)
    part = world.dispatcher.read_log(job.id)
    assert (part.offset, part.data, part.gap, part.next_offset) == (100, b"end", 100, 103)


def test_each_attempt_has_a_log_of_its_own(world: World) -> None:
    job = world.running(retry_lost=1)
    write(world, job, b"first")
    world.stop(job, None, stop_code="SpotInterruption")
    world.dispatcher.launch(job.id)
    write(world, world.get(job.id), b"second")
    assert world.dispatcher.read_log(job.id).data == b"second"
    assert world.dispatcher.read_log(job.id, attempt=1).data == b"first"
    with pytest.raises(UnknownAttempt):
        world.dispatcher.read_log(job.id, attempt=3)


def test_a_job_that_was_never_started_has_an_empty_log(world: World) -> None:
    job = world.submit()
    assert world.dispatcher.read_log(job.id).complete is False
    world.dispatcher.cancel(job.id)
    part = world.dispatcher.read_log(job.id)
    assert (part.attempt, part.data, part.complete) == (0, b"", True)
    with pytest.raises(UnknownJob):
        world.dispatcher.read_log("0" * 26)
