"""A verdict in plain words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain import transitions
from chalicelib.domain.advice import BY_CAUSE, BY_VERDICT
from chalicelib.domain.decide import decide
from chalicelib.domain.decision import Finish
from chalicelib.domain.evidence import (
    EndedBy,
    FailedContainer,
    ProcessExit,
    Report,
    ScriptPhase,
)
from chalicelib.domain.explain import describe_exit, explain
from chalicelib.domain.job import Job
from chalicelib.domain.verdict import Cause, Verdict
from tests.domain.dict_store import apply_to, as_dict, as_job
from tests.domain.samples import (
    NONCE,
    NOW,
    attempt,
    job_with,
    judged,
    later,
    queued_job,
    report,
    stop,
)


def decided(job: Job) -> Job:
    decision = decide(job, now=later(20))
    assert isinstance(decision, Finish)
    change = transitions.finish(job.attempt, decision, now=later(20))
    return as_job(apply_to(as_dict(job), change, now=later(20)))


def test_both_witnesses_the_rule_and_the_next_step_are_told() -> None:
    assert explain(decided(judged(report(3), stop(3)))) == [
        "The runner reported that the script ended by itself with code 3.",
        "The engine saw the container end with exit code 3.",
        "Verdict: failed.",
        (
            "Rule both_agree: report says that the script ended by itself, with code N or "
            "signal S; the stop's exit code is N or 128 + S."
        ),
        "Both witnesses agree on the script's own end, so the verdict is the script's.",
        "Next: Read the end of the log (towline log): the script itself failed.",
    ]


def test_a_setup_that_failed_is_named_and_the_verdict_is_by_the_status() -> None:
    told = report(7, phases=(ScriptPhase.SETUP, ScriptPhase.AFTER))
    job = decided(judged(told, stop(7)))
    assert (job.verdict, job.exit_code, job.setup_failed) == (Verdict.FAILED, 7, True)
    lines = explain(job)
    assert lines[0] == "The runner reported that the setup ended by itself with code 7."
    assert lines[2] == "Verdict: failed: setup failed with status 7; the script was not run."
    assert lines[-2:] == [
        "Both witnesses agree on the setup's own end; the script was not run.",
        "Next: Read the end of the log (towline log): the setup failed, so the script was not run.",
    ]


@pytest.mark.parametrize(
    ("told", "seen", "detail"),
    [
        (
            report(signal=9, phases=["setup"]),
            137,
            "setup failed: it was killed by signal 9; the script was not run",
        ),
        (
            report(0, phases=["setup"]),
            0,
            "it ended in its setup with status 0; the script was not run",
        ),
        (
            report(137, ended_by=EndedBy.TIMEOUT, phases=["setup"]),
            137,
            "ended at its timeout of 3600 s, in its setup",
        ),
        (report(3, phases=["setup", "script"]), 3, ""),
        (report(3, phases=["script", "setup"]), 3, ""),
        (report(3, phases=["after", "nonsense", 4, None]), 3, ""),
        (report(3, phases="setup"), 3, ""),
        (report(3, phases=None), 3, ""),
    ],
)
def test_where_a_job_ended_is_in_its_detail(told: Report, seen: int, detail: str) -> None:
    assert decided(judged(told, stop(seen))).detail == detail


@pytest.mark.parametrize("phases", [(), ("setup",), ("setup", "script"), ("after", "setup")])
@pytest.mark.parametrize("seen", [0, 3, 137, None])
@pytest.mark.parametrize("ended_by", [EndedBy.SCRIPT, EndedBy.TIMEOUT, EndedBy.CANCEL])
@pytest.mark.parametrize("code", [0, 3])
def test_what_a_job_tells_of_its_phases_changes_no_verdict(
    phases: tuple[str, ...], seen: int | None, ended_by: EndedBy, code: int
) -> None:
    with_phases, without = (
        decide(judged(report(code, ended_by=ended_by, phases=told), stop(seen)), now=later(20))
        for told in (phases, ())
    )
    assert isinstance(with_phases, Finish)
    assert isinstance(without, Finish)
    assert replace(with_phases, detail="") == replace(without, detail="")


def test_a_mismatch_shows_both_testimonies() -> None:
    lines = explain(decided(judged(report(0), stop(137, stop_code="UserInitiated"))))
    assert "The runner reported that the script ended by itself with code 0." in lines
    assert "The engine saw the container end with exit code 137, stop code UserInitiated." in lines
    assert "The witnesses differ, so neither is believed." in lines


def test_a_missing_runner_image_is_not_the_users_fault() -> None:
    payload = FailedContainer(name="payload", reason="CannotPullContainerError: manifest unknown")
    seen = stop(None, reason="Task failed to start", other_containers=(payload,))
    lines = explain(decided(judged(None, seen, claimed=False, image="debian:12")))
    assert lines[0] == "No runner asked for the job, so nothing of the script has run."
    assert lines[1] == (
        "The engine saw the container end without an exit code, and said: payload: "
        "CannotPullContainerError: manifest unknown; Task failed to start."
    )
    assert lines[2].startswith("Verdict: errored (runner_image_missing): CannotPull")
    assert lines[-1].startswith("Next: Not your fault: the runner's image is missing")


def test_a_lost_runner_is_told_with_its_exit_code_and_why_that_is_no_verdict() -> None:
    lines = explain(decided(judged(None, stop(0))))
    assert lines[0] == "A runner took the job and has not reported an end."
    assert "Without a report no exit code is ever the script's, so the error is ours." in lines


@pytest.mark.parametrize(
    ("ended_by", "words"),
    [
        (EndedBy.TIMEOUT, "it ended the script at its timeout of 1h; it then had code 0"),
        (EndedBy.SILENCE, "it ended the script for its silence; it then had code 0"),
        (EndedBy.CANCEL, "it was told to end the script; it then had code 0"),
        (EndedBy.OWNER_LOST, "its owner went away and it ended the script; it then had code 0"),
        (EndedBy.NOT_STARTED, "the script could not be started (no user x)"),
        (EndedBy.CHECKOUT_FAILED, "the checkout failed, so the script was not started"),
    ],
)
def test_what_ended_the_script_is_told(ended_by: EndedBy, words: str) -> None:
    detail = "no user x." if ended_by is EndedBy.NOT_STARTED else None
    lines = explain(decided(judged(report(0, ended_by=ended_by, detail=detail), stop(0))))
    assert lines[0] == f"The runner reported that {words}."


def test_side_notes_of_the_report_are_told() -> None:
    told = report(signal=9, oom_kills=2, survivors=3)
    lines = explain(decided(judged(told, stop(137, oom_killed=True))))
    assert lines[0] == (
        "The runner reported that the script ended by itself with signal 9 (KILL); the kernel "
        "killed 2 process(es) for memory; 3 process(es) that were left over were ended."
    )
    assert lines[1] == "The engine saw the container end with exit code 137, killed for memory."


def test_every_attempt_is_told_in_its_order() -> None:
    first = attempt(
        1,
        claimed=False,
        stop=stop(None, job_container_reason="i/o timeout on pull"),
        cause=Cause.IMAGE_PULL,
        detail="i/o timeout on pull",
    )
    second = attempt(2, report=report(0), stop=stop(0))
    lines = explain(decided(job_with(second, earlier=(first,))))
    assert lines[2] == (
        "Attempt 1: It was given up (image_pull: i/o timeout on pull) and tried again."
    )
    assert lines[3].startswith("Attempt 2: The runner reported")


@pytest.mark.parametrize(
    ("job", "last"),
    [
        (queued_job(), "The job is queued and waits for its launch."),
        (judged(claimed=False), "The job is starting; there is no verdict yet."),
        (judged(), "The job is running; there is no verdict yet."),
        (judged(report(0)), "The verdict waits for the engine to see the container's end."),
    ],
)
def test_an_unfinished_job_is_told_as_far_as_it_is(job: Job, last: str) -> None:
    assert explain(job)[-1] == last


def test_a_cancellation_is_told() -> None:
    told = report(143, ended_by=EndedBy.CANCEL)
    lines = explain(decided(judged(told, stop(143), cancel_requested_at=NOW)))
    assert "Somebody asked to cancel the job." in lines
    assert "Verdict: cancelled: the runner ended the script." in lines


def test_no_nonce_is_shown() -> None:
    assert NONCE not in "\n".join(explain(decided(judged(report(0), stop(0)))))


def test_there_is_advice_for_every_cause_and_verdict() -> None:
    assert set(BY_CAUSE) == set(Cause)
    assert set(BY_VERDICT) == set(Verdict)
    assert all(text.endswith(".") for text in (*BY_CAUSE.values(), *BY_VERDICT.values()))


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("cause", [None, *Cause])
def test_any_end_can_be_told(verdict: Verdict, cause: Cause | None) -> None:
    job = decided(judged(report(0), stop(0))).model_copy(
        update={"verdict": verdict, "cause": cause, "rule": "refused"}
    )
    lines = explain(job)
    assert lines[-1].startswith("Next: ")
    assert all(line.endswith((".", ")")) for line in lines)


@pytest.mark.parametrize(
    ("exited", "words"),
    [
        (ProcessExit(code=137), "code 137"),
        (ProcessExit(signal=9), "signal 9 (KILL)"),
        (ProcessExit(signal=40), "signal 40"),
        (ProcessExit(), "an unknown status"),
    ],
)
def test_a_code_and_a_signal_are_told_apart(exited: ProcessExit, words: str) -> None:
    assert describe_exit(exited) == words
