"""Any report, any stop, in any order, repeated or lost: one verdict, and only a true one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import transitions
from chalicelib.domain.decide import decide, decide_overdue
from chalicelib.domain.decision import Finish, Retry, Send, Wait
from chalicelib.domain.evidence import EndedBy, Report, Stop, TaskState
from chalicelib.domain.job import Job, State
from chalicelib.domain.verdict import Verdict
from tests.domain.dict_store import NotHeld, apply_to, as_dict, as_job
from tests.domain.samples import NONCE, NOW, TASK, judged, later, queued_job
from tests.domain.strategies import reports, stops, task_states

SCRIPTS_OWN = (Verdict.PASSED, Verdict.FAILED)


def seen_by_both(told: Report | None, seen: Stop | None) -> bool:
    """Written again, in other words than the rule's: both saw the script's own end."""
    if told is None or seen is None or told.ended_by is not EndedBy.SCRIPT:
        return False
    if told.exit.signal is not None:
        return seen.exit_code == 128 + told.exit.signal
    return seen.exit_code is not None and seen.exit_code == told.exit.code


def check_truth(decision: Finish, told: Report | None, seen: Stop | None) -> None:
    """A verdict on the script stands on two witnesses, and carries the script's own status."""
    given_status = [s for s in (decision.exit_code, decision.signal) if s is not None]
    if decision.verdict in SCRIPTS_OWN:
        assert seen_by_both(told, seen)
        assert len(given_status) == 1
        assert (decision.verdict is Verdict.PASSED) == (decision.exit_code == 0)
        assert decision.cause is None
    else:
        assert given_status == []
    if decision.verdict in (Verdict.ERRORED, Verdict.TIMED_OUT):
        assert decision.cause is not None


@settings(max_examples=300)
@given(
    told=st.none() | reports,
    seen=st.none() | stops(TASK),
    claimed=st.booleans(),
    cancel=st.booleans(),
    retry_lost=st.integers(min_value=0, max_value=2),
    seconds=st.floats(min_value=0, max_value=10**6),
    jitter=st.floats(min_value=0, max_value=1, exclude_max=True),
    task=task_states,
)
def test_any_evidence_is_decided_and_only_two_witnesses_speak_for_the_script(
    told: Report | None,
    seen: Stop | None,
    claimed: bool,
    cancel: bool,
    retry_lost: int,
    seconds: float,
    jitter: float,
    task: TaskState | None,
) -> None:
    told = told if claimed else None
    job = judged(told, seen, claimed=claimed, retry_lost=retry_lost)
    if cancel:
        job = job.model_copy(update={"cancel_requested_at": NOW})
    now = later(seconds)
    decision = decide(job, now=now, jitter=jitter)
    if isinstance(decision, Finish):
        check_truth(decision, told, seen)
    # With both witnesses there is nothing left to wait for.
    if told is not None and seen is not None:
        assert not isinstance(decision, Wait)
    if seen_by_both(told, seen):
        assert isinstance(decision, Finish)
        assert decision.verdict in SCRIPTS_OWN
    if cancel:
        assert not isinstance(decision, Retry)
    overdue = decide_overdue(job, task, now=now, jitter=jitter)
    if isinstance(overdue, Finish):
        check_truth(overdue, told, seen)
    if isinstance(overdue, Wait):
        assert overdue.look_at is not None
        assert overdue.look_at >= now


def running() -> dict[str, Any]:
    """A claimed job."""
    stored = as_dict(queued_job())
    for change in (
        transitions.begin_attempt(1, release="r", now=NOW),
        transitions.record_task(1, TASK, now=NOW),
        transitions.claim(1, NONCE, now=NOW, lease_s=90),
    ):
        stored = apply_to(stored, change, now=NOW)
    return stored


def deliver(stored: dict[str, Any], message: Report | Stop | str) -> dict[str, Any]:
    """One message; one that does not hold changes nothing."""
    if isinstance(message, Report):
        change = transitions.record_report(1, NONCE, message, now=NOW)
    elif isinstance(message, Stop):
        change = transitions.record_stop(1, message, now=NOW)
    else:
        change = transitions.request_cancel(now=NOW)
    try:
        return apply_to(stored, change, now=NOW)
    except NotHeld:
        return stored


def settle(stored: dict[str, Any], now: datetime = NOW) -> dict[str, Any]:
    job = as_job(stored)
    return carry_out(stored, decide(job, now=now), job, now)


def carry_out(
    stored: dict[str, Any], decision: Finish | Retry | Wait | Send, job: Job, now: datetime
) -> dict[str, Any]:
    if isinstance(decision, Finish):
        return apply_to(stored, transitions.finish(job.attempt, decision, now=now), now=now)
    if isinstance(decision, Retry):
        change = transitions.retry(job.attempt, decision, now=now, retry_at=now)
        return apply_to(stored, change, now=now)
    return stored


RESULT = ("state", "verdict", "cause", "detail", "rule", "exit_code", "signal", "finished_at")


@settings(max_examples=300)
@given(
    told=reports,
    seen=stops(TASK),
    cancel=st.booleans(),
    data=st.data(),
)
def test_the_verdict_does_not_depend_on_the_order_or_repetition_of_messages(
    told: Report, seen: Stop, cancel: bool, data: st.DataObject
) -> None:
    messages: list[Report | Stop | str] = [told, seen]
    if cancel:
        messages.append("cancel")
    repeated = messages + data.draw(st.lists(st.sampled_from(messages), max_size=3))
    shuffled = data.draw(st.permutations(repeated))
    straight, other = running(), running()
    for message in messages:
        straight = deliver(straight, message)
    for message in shuffled:
        other = deliver(other, message)
    straight, other = settle(straight), settle(other)
    for name in RESULT:
        assert straight.get(name) == other.get(name)


@settings(max_examples=300)
@given(
    messages=st.lists(reports | stops(TASK) | st.just("cancel"), max_size=6),
    crashes=st.lists(st.booleans(), min_size=6, max_size=6),
    task=st.sampled_from([None, *TaskState]),
)
def test_whatever_comes_and_crashes_there_is_one_verdict_that_stays(
    messages: Sequence[Report | Stop | str], crashes: list[bool], task: TaskState | None
) -> None:
    stored = running()
    given: dict[str, Any] | None = None
    for message, crashed in zip(messages, crashes, strict=False):
        stored = deliver(stored, message)
        if not crashed:
            stored = settle(stored)
        if given is not None:
            assert {name: stored.get(name) for name in RESULT} == given
        if stored["state"] == State.FINISHED:
            given = {name: stored.get(name) for name in RESULT}
    stored = reap_to_the_end(stored, task)
    if given is not None:
        assert {name: stored.get(name) for name in RESULT} == given


def reap_to_the_end(stored: dict[str, Any], task: TaskState | None) -> dict[str, Any]:
    """Only the reaper is left; no message is ever delivered again."""
    for _ in range(400):
        job = as_job(stored)
        if job.state is State.FINISHED:
            assert job.due_at is None
            return stored
        assert job.due_at is not None
        now = max(job.due_at, job.updated_at)
        decision = decide_overdue(job, task, now=now)
        if isinstance(decision, Wait):
            assert decision.look_at is not None
            change = transitions.look_again(job.attempt, due_at=decision.look_at)
            stored = apply_to(stored, change, now=now)
        elif isinstance(decision, Send):
            change = transitions.mark_sent(now=now, due_at=decision.look_at)
            stored = apply_to(stored, change, now=now)
        else:
            stored = carry_out(stored, decision, job, now)
    raise AssertionError(f"the reaper has found no end: {stored}")


@settings(max_examples=300)
@given(
    told=st.none() | reports,
    seen=st.none() | stops(TASK),
    claimed=st.booleans(),
    launched=st.booleans(),
    cancel=st.booleans(),
    task=task_states,
)
def test_the_reaper_alone_ends_a_job_in_any_state(
    told: Report | None,
    seen: Stop | None,
    claimed: bool,
    launched: bool,
    cancel: bool,
    task: TaskState | None,
) -> None:
    job = judged(told if claimed else None, seen, claimed=claimed, retry_lost=1)
    if not launched and job.current is not None:
        bare = job.current.model_copy(update={"task_id": None, "launched_at": None})
        job = job.model_copy(update={"attempts": {"1": bare}})
    if cancel:
        job = job.model_copy(update={"cancel_requested_at": NOW})
    reap_to_the_end(as_dict(job), task)
