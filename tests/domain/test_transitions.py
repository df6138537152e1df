"""Each change of a job: what it writes, when it holds, and that a repetition harms nothing."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import transitions as t
from chalicelib.domain.change import Change
from chalicelib.domain.decide import decide
from chalicelib.domain.decision import Finish, Retry
from chalicelib.domain.job import Job, State
from chalicelib.domain.model import stamp
from chalicelib.domain.new_job import new_job
from chalicelib.domain.spec import JobSpec
from chalicelib.domain.verdict import Cause, Verdict
from tests.domain.dict_store import NotHeld, apply_to, as_dict, as_job
from tests.domain.samples import JOB_ID, NONCE, NOW, TASK, later, queued_job, report, stop

OTHER_NONCE = "1" * 32
PASSED = Finish(Verdict.PASSED, exit_code=0)
LOST = Retry(Cause.IMAGE_PULL, "i/o timeout", 5, queue_timeout_s=100)


def after(*changes: Change, start: dict[str, Any] | None = None) -> dict[str, Any]:
    stored = as_dict(queued_job()) if start is None else start
    for change in changes:
        stored = apply_to(stored, change, now=NOW)
    return stored


BEGUN = t.begin_attempt(1, release="runner@sha256:1", now=NOW)
RECORDED = t.record_task(1, TASK, now=NOW)
CLAIMED = t.claim(1, NONCE, now=NOW, lease_s=90)
CANCELLED = t.request_cancel(now=NOW)
REPORTED = t.record_report(1, NONCE, report(0), now=NOW)
STOPPED = t.record_stop(1, stop(0, version=5), now=NOW)
FINISHED = t.finish(1, PASSED, now=NOW)
GIVEN_UP = t.retry(1, LOST, now=NOW, retry_at=later(5))


def refuses(stored: dict[str, Any], change: Change) -> None:
    with pytest.raises(NotHeld):
        apply_to(stored, change, now=NOW)


def test_a_new_job_is_queued_due_and_complete() -> None:
    spec = JobSpec(script="true", project="p", image="debian:12", queue_timeout_s=50, retry_lost=2)
    job = new_job(
        spec,
        job_id=JOB_ID,
        now=NOW,
        submitted_by="me",
        rerun_of="old",
        spec_json=spec.model_dump_json(),
        spec_key=None,
    )
    assert (job.state, job.attempt, job.attempts, job.version) == (State.QUEUED, 0, {}, 1)
    assert (job.due_at, job.queue_deadline, job.sent_at) == (later(60), later(50), NOW)
    assert (job.project, job.image, job.retry_lost, job.rerun_of) == ("p", "debian:12", 2, "old")
    assert job.queue_timeout_s == 50


@pytest.mark.parametrize(("text", "key"), [(None, None), ("{}", "specs/1")])
def test_a_spec_is_in_one_place(text: str | None, key: str | None) -> None:
    with pytest.raises(ValueError, match="either in the job or under a key"):
        new_job(
            JobSpec(script="true"),
            job_id=JOB_ID,
            now=NOW,
            submitted_by="me",
            spec_json=text,
            spec_key=key,
        )


def test_an_attempt_begins_once_and_pins_its_release() -> None:
    stored = after(BEGUN)
    job = as_job(stored)
    assert (job.state, job.attempt, job.due_at) == (State.STARTING, 1, later(90))
    assert job.current is not None
    assert job.current.release == "runner@sha256:1"
    refuses(stored, BEGUN)


def test_an_attempt_does_not_begin_out_of_turn_or_after_a_cancellation() -> None:
    refuses(after(), t.begin_attempt(2, release="r", now=NOW))
    refuses(after(CANCELLED), BEGUN)


def test_a_task_is_recorded_once_and_again_but_no_other() -> None:
    stored = after(BEGUN, RECORDED)
    after(RECORDED, start=stored)
    refuses(stored, t.record_task(1, "another", now=NOW))


def test_a_task_that_comes_too_late_is_refused() -> None:
    refuses(after(BEGUN, CANCELLED, t.finish(1, PASSED, now=NOW)), RECORDED)
    refuses(after(BEGUN, GIVEN_UP), RECORDED)
    refuses(after(), RECORDED)


def test_recording_a_task_does_not_put_off_a_lease_that_came_first() -> None:
    assert as_job(after(BEGUN, CLAIMED, RECORDED)).due_at == later(120)


def test_the_launch_try_rises_once_for_one_refusal() -> None:
    risen = t.next_launch_try(1, 1, now=NOW)
    stored = after(BEGUN, risen)
    assert stored["attempts"]["1"]["launch_try"] == 2
    refuses(stored, risen)
    refuses(after(BEGUN, RECORDED), risen)


def test_a_launch_that_is_put_off_stays_the_same_attempt() -> None:
    put_off = t.put_off(1, now=NOW, retry_at=later(30))
    job = as_job(after(BEGUN, put_off, put_off))
    assert (job.state, job.attempt, job.due_at) == (State.STARTING, 1, later(90))
    refuses(after(BEGUN, RECORDED), put_off)
    refuses(after(BEGUN, CLAIMED), put_off)


def test_a_claim_gives_a_lease_and_repeats_for_the_same_runner_only() -> None:
    stored = after(BEGUN, RECORDED, CLAIMED)
    job = as_job(stored)
    assert job.current is not None
    assert (job.state, job.current.nonce) == (State.RUNNING, NONCE)
    assert (job.current.lease_until, job.due_at) == (later(90), later(120))
    after(CLAIMED, start=stored)
    refuses(stored, t.claim(1, OTHER_NONCE, now=NOW, lease_s=90))


@pytest.mark.parametrize(
    "stored",
    [
        after(),
        after(BEGUN, CANCELLED),
        after(BEGUN, STOPPED),
        after(BEGUN, CLAIMED, REPORTED),
        after(BEGUN, FINISHED),
        after(BEGUN, GIVEN_UP),
        after(BEGUN, GIVEN_UP, t.begin_attempt(2, release="r", now=NOW)),
    ],
    ids=["queued", "cancelled", "stopped", "reported", "finished", "given up", "next attempt"],
)
def test_what_is_over_can_not_be_claimed(stored: dict[str, Any]) -> None:
    refuses(stored, CLAIMED)


def test_a_heartbeat_renews_only_its_own_running_lease() -> None:
    beat = t.renew(1, NONCE, now=later(30), lease_s=90, log_bytes=7)
    stored = after(BEGUN, CLAIMED, beat)
    assert as_job(stored).due_at == later(150)
    assert stored["attempts"]["1"]["log_bytes"] == 7
    refuses(stored, t.renew(1, OTHER_NONCE, now=NOW, lease_s=90, log_bytes=0))
    refuses(after(BEGUN, CLAIMED, FINISHED), beat)
    refuses(after(BEGUN, CLAIMED, GIVEN_UP), beat)


def test_a_report_is_kept_once_and_its_repetition_is_harmless() -> None:
    stored = after(BEGUN, CLAIMED, REPORTED, REPORTED)
    assert as_job(stored).attempts["1"].report == report(0)
    refuses(stored, t.record_report(1, NONCE, report(1), now=NOW))
    refuses(stored, t.record_report(1, OTHER_NONCE, report(0), now=NOW))
    refuses(after(BEGUN), REPORTED)


def test_late_evidence_is_kept_and_moves_nothing() -> None:
    stored = after(BEGUN, CLAIMED, FINISHED)
    late = after(REPORTED, STOPPED, start=stored)
    job = as_job(late)
    assert job.attempts["1"].report == report(0)
    assert job.attempts["1"].stop == stop(0, version=5)
    assert (job.state, job.verdict, job.due_at) == (State.FINISHED, Verdict.PASSED, None)


def test_the_newest_stop_wins_whatever_the_order() -> None:
    newer = t.record_stop(1, stop(137, version=6), now=NOW)
    stored = after(BEGUN, STOPPED, newer)
    assert as_job(stored).attempts["1"].stop == stop(137, version=6)
    refuses(stored, newer)
    refuses(stored, STOPPED)


def test_a_stop_of_another_task_or_of_no_attempt_is_refused() -> None:
    foreign = t.record_stop(1, stop(0, task_id="foreign"), now=NOW)
    refuses(after(BEGUN, RECORDED), foreign)
    refuses(after(), STOPPED)
    # An event may come before the answer of the launch that it tells of.
    after(BEGUN, STOPPED)


def test_a_cancellation_is_a_fact_that_comes_once_and_not_too_late() -> None:
    stored = after(CANCELLED)
    assert as_job(stored).cancel_requested_at == NOW
    assert as_job(stored).due_at == later(60)
    refuses(stored, CANCELLED)
    refuses(after(BEGUN, FINISHED), CANCELLED)


def test_a_verdict_is_written_once_and_the_job_is_due_no_more() -> None:
    decision = Finish(Verdict.FAILED, detail="x", exit_code=3, rule="both_agree")
    stored = after(BEGUN, CLAIMED, t.finish(1, decision, now=later(9)))
    job = as_job(stored)
    assert (job.state, job.verdict, job.exit_code, job.signal) == (
        State.FINISHED,
        Verdict.FAILED,
        3,
        None,
    )
    assert (job.due_at, job.finished_at, job.rule) == (None, later(9), "both_agree")
    refuses(stored, FINISHED)
    refuses(stored, GIVEN_UP)


def test_a_verdict_holds_only_for_what_was_judged() -> None:
    running = after(BEGUN, CLAIMED)
    silent = Finish(Verdict.ERRORED, Cause.RUNNER_LOST, absent=("report", "stop"))
    after(t.finish(1, silent, now=NOW), start=running)
    refuses(after(REPORTED, start=running), t.finish(1, silent, now=NOW))
    refuses(after(STOPPED, start=running), t.finish(1, silent, now=NOW))
    unclaimed = Finish(Verdict.ERRORED, state=State.STARTING)
    refuses(running, t.finish(1, unclaimed, now=NOW))
    old_stop = Finish(Verdict.PASSED, exit_code=0, stop_version=5)
    newer = t.record_stop(1, stop(1, version=6), now=NOW)
    refuses(after(STOPPED, newer, start=running), t.finish(1, old_stop, now=NOW))
    refuses(running, t.finish(2, PASSED, now=NOW))


def test_a_retry_queues_again_and_keeps_the_attempts_evidence() -> None:
    stored = after(BEGUN, STOPPED, GIVEN_UP)
    job = as_job(stored)
    assert (job.state, job.attempt, job.due_at) == (State.QUEUED, 1, later(65))
    assert job.queue_deadline == later(105)
    assert job.attempts["1"].cause is Cause.IMAGE_PULL
    assert job.attempts["1"].stop is not None
    again = after(t.begin_attempt(2, release="r2", now=NOW), start=stored)
    assert sorted(as_job(again).attempts) == ["1", "2"]
    refuses(stored, GIVEN_UP)


def test_a_retry_gives_way_to_a_cancellation_and_to_new_evidence() -> None:
    refuses(after(BEGUN, CANCELLED), GIVEN_UP)
    unseen = t.retry(
        1, Retry(Cause.LAUNCH_TIMEOUT, "", 5, absent=("nonce",)), now=NOW, retry_at=NOW
    )
    refuses(after(BEGUN, CLAIMED), unseen)


def test_the_reaper_moves_only_what_is_unfinished() -> None:
    again = t.look_again(1, due_at=later(77))
    assert as_job(after(BEGUN, again)).due_at == later(77)
    refuses(after(BEGUN, FINISHED), again)
    refuses(after(), again)
    sent = t.mark_sent(now=later(60), due_at=later(130))
    assert as_job(after(sent)).due_at == later(130)
    refuses(after(BEGUN, CLAIMED), sent)


def test_times_are_stored_so_that_text_sorts() -> None:
    whole, fraction = stamp(NOW), stamp(later(0.25))
    assert whole == "2026-03-01T12:00:00.000000Z"
    assert whole < fraction < stamp(later(1))
    # A job is written whole once; its times must look the same as those of a change.
    assert as_dict(queued_job())["due_at"] == stamp(later(60))
    with pytest.raises(ValueError, match="time zone"):
        stamp(NOW.replace(tzinfo=None))


def test_a_job_survives_the_way_into_the_table_and_back() -> None:
    job = as_job(after(BEGUN, RECORDED, CLAIMED, REPORTED, STOPPED))
    assert Job.model_validate_json(job.model_dump_json()) == job
    assert isinstance(decide(job, now=NOW), Finish)
    # A field of a newer release is no reason to fail.
    assert as_job({**as_dict(job), "invented_later": 1}) == job
