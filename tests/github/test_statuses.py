"""What a job's or build's state becomes on GitHub, as a table, and how it is worded."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.verdict import Verdict
from chalicelib.github.check_runs import build_check, job_check
from chalicelib.github.outcome import Outcome, Phase, shown
from chalicelib.github.statuses import MOST_NAME, build_status, job_status, name_of
from chalicelib.github.told import BuildTold, JobTold, Problem
from tests.fakes.github_server import Description

BEGAN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
V = Verdict


def job(outcome: Outcome, **details: Any) -> JobTold:
    given: dict[str, Any] = {"id": "j1", "name": "unit", "url": "https://towline.example/j1"}
    return JobTold(outcome=outcome, **{**given, **details})


def done(verdict: Verdict, *, allowed: bool = False, in_setup: bool = False) -> Outcome:
    return Outcome(Phase.FINISHED, verdict, allowed, in_setup)


TABLE = [
    (Outcome(Phase.HELD), "pending", "completed", "action_required", "Waits for approval"),
    (Outcome(Phase.WAITING), "pending", "queued", None, "Waits for the jobs it needs"),
    (Outcome(Phase.QUEUED), "pending", "queued", None, "Queued"),
    (Outcome(Phase.RUNNING), "pending", "in_progress", None, "Running"),
    (Outcome(Phase.SKIPPED), "success", "completed", "skipped", "Not run"),
    (Outcome(Phase.BLOCKED), "error", "completed", "cancelled", "Not run, as a job it needs"),
    (Outcome(Phase.REFUSED), "failure", "completed", "failure", "The repository's file is wrong"),
    (done(V.PASSED), "success", "completed", "success", "Passed"),
    (done(V.PASSED, allowed=True), "success", "completed", "success", "Passed"),
    (done(V.FAILED), "failure", "completed", "failure", "Failed"),
    (done(V.FAILED, allowed=True), "success", "completed", "neutral", "Failed, which is allowed"),
    (done(V.FAILED, in_setup=True), "error", "completed", "failure", "Failed"),
    (
        done(V.FAILED, allowed=True, in_setup=True),
        *("success", "completed", "neutral", "Failed, which is allowed"),
    ),
    (done(V.ERRORED), "error", "completed", "failure", "Errored, not by the script"),
    (done(V.ERRORED, allowed=True), "success", "completed", "neutral", "Errored, not by the"),
    (done(V.CANCELLED), "error", "completed", "cancelled", "Cancelled"),
    (done(V.CANCELLED, allowed=True), "error", "completed", "cancelled", "Cancelled"),
    (done(V.TIMED_OUT), "failure", "completed", "timed_out", "Timed out"),
    (done(V.TIMED_OUT, allowed=True), "success", "completed", "neutral", "Timed out, which is"),
]


@pytest.mark.parametrize(("outcome", "state", "check", "conclusion", "words"), TABLE)
def test_the_table(
    outcome: Outcome, state: str, check: str, conclusion: str | None, words: str
) -> None:
    status, run = job_status(job(outcome)), job_check(job(outcome))
    assert (status["state"], status["context"]) == (state, "towline/unit")
    assert status["description"].startswith(words)
    assert (run["status"], run.get("conclusion")) == (check, conclusion)
    assert run["output"]["title"] == status["description"]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (done(V.FAILED), "Failed in 12s: why"),
        (done(V.FAILED, allowed=True), "Failed in 12s, which is allowed: why"),
        (done(V.ERRORED), "Errored in 12s, not by the script: why"),
        (Outcome(Phase.BLOCKED), "Not run, as a job it needs did not pass: why"),
    ],
)
def test_a_time_stands_with_the_verdict(outcome: Outcome, words: str) -> None:
    ended = BEGAN + timedelta(seconds=12)
    told = job(outcome, detail="why", started_at=BEGAN, finished_at=ended)
    assert job_status(told)["description"] == words


def test_the_table_has_every_outcome_once() -> None:
    verdicts = [(each, allowed) for each in Verdict for allowed in (False, True)]
    wanted = {Outcome(phase) for phase in Phase if phase is not Phase.FINISHED}
    wanted |= {done(verdict, allowed=allowed) for verdict, allowed in verdicts}
    wanted |= {done(V.FAILED, allowed=allowed, in_setup=True) for allowed in (False, True)}
    assert {row[0] for row in TABLE} == wanted
    assert len(TABLE) == len(wanted)


def test_nothing_but_what_is_good_lets_a_commit_be_merged() -> None:
    """GitHub takes these three conclusions, and the state success, for good."""
    for outcome, *_ in TABLE:
        row = shown(outcome)
        may_fail = outcome.allowed and outcome.verdict is not V.CANCELLED
        good = outcome.verdict is V.PASSED or may_fail or outcome.phase is Phase.SKIPPED
        assert (row.conclusion in ("success", "neutral", "skipped")) == good
        assert (row.status == "success") == good


def test_a_verdict_without_an_end_is_no_outcome() -> None:
    with pytest.raises(ValueError, match="verdict"):
        Outcome(Phase.RUNNING, V.PASSED)
    with pytest.raises(ValueError, match="verdict"):
        Outcome(Phase.FINISHED)
    with pytest.raises(ValueError, match="setup"):
        done(V.PASSED, in_setup=True)


def test_a_finished_job_says_how_long_it_took_and_why() -> None:
    told = job(
        done(V.FAILED),
        detail="the script ended with code 3.",
        started_at=BEGAN,
        finished_at=BEGAN + timedelta(seconds=83.4),
    )
    status, run = job_status(told), job_check(told)
    assert status["description"] == "Failed in 1m23s: the script ended with code 3"
    assert status["target_url"] == run["details_url"] == "https://towline.example/j1"
    assert (run["started_at"], run["completed_at"]) == (
        "2026-11-23T12:00:00Z", "2026-11-23T12:01:23Z",
    )  # fmt: skip
    assert run["external_id"] == "j1"


def test_times_of_other_zones_are_told_in_utc() -> None:
    from zoneinfo import ZoneInfo

    told = job(Outcome(Phase.RUNNING), started_at=BEGAN.astimezone(ZoneInfo("Asia/Tokyo")))
    assert job_check(told)["started_at"] == "2026-11-23T12:00:00Z"


def test_without_a_page_there_is_no_address() -> None:
    """GitHub refuses an empty one."""
    assert "target_url" not in job_status(job(Outcome(Phase.QUEUED), url=""))
    assert "details_url" not in job_check(job(Outcome(Phase.QUEUED), url=""))


def build(outcome: Outcome, **details: Any) -> BuildTold:
    return BuildTold("b1", outcome, "https://towline.example/b1", **details)


JOBS = (
    job(done(V.PASSED), name="lint"),
    job(done(V.FAILED), name="unit", detail="the script ended with code 1"),
    job(done(V.FAILED, allowed=True), name="nightly"),
    job(Outcome(Phase.BLOCKED), name="publish"),
)


def test_a_build_names_the_jobs_that_count_against_it() -> None:
    status = build_status(build(done(V.FAILED), jobs=JOBS))
    assert status["context"] == "towline"
    assert status["description"] == "Failed: 2 of 4 jobs did not pass: unit, publish"
    passed = build(done(V.PASSED), jobs=(JOBS[0], JOBS[2]))
    assert build_status(passed)["description"] == "Passed: 2 jobs"
    stopped = (JOBS[0], job(done(V.CANCELLED, allowed=True), name="nightly"))
    status = build_status(build(done(V.FAILED), jobs=stopped))
    assert status["description"] == "Failed: 1 of 2 jobs did not pass: nightly"


def test_an_unfinished_build_says_how_far_it_is() -> None:
    told = build(Outcome(Phase.RUNNING), jobs=(JOBS[0], job(Outcome(Phase.RUNNING))))
    assert build_status(told)["description"] == "Running: 1 of 2 jobs finished"


def test_a_builds_check_lists_its_jobs_and_offers_to_rerun_the_bad_ones() -> None:
    run = build_check(build(done(V.FAILED), jobs=JOBS))
    assert [each["identifier"] for each in run["actions"]] == ["rerun_failed"]
    for row in ("| `lint` | Passed |", "| `unit` | Failed: the script", "| `publish` | Not run"):
        assert row in run["output"]["summary"]
    assert build_check(build(done(V.PASSED), jobs=JOBS[:1]))["actions"] == []


def test_a_build_that_failed_and_was_cancelled_says_both_and_what_failed_first() -> None:
    told = build(done(V.FAILED), jobs=JOBS, detail="cancelled by ada")
    assert re.search(
        r"did not pass: .*unit.*; cancelled by ada$", build_status(told)["description"]
    )
    told = build(done(V.CANCELLED), jobs=JOBS, detail="a newer commit was pushed")
    assert build_status(told)["description"] == "Cancelled: a newer commit was pushed"
    told = build(Outcome(Phase.RUNNING), jobs=JOBS, detail="cancelled by ada")
    assert build_status(told)["description"] == "Running: cancelled by ada"


def test_a_held_build_can_be_approved_and_a_running_one_has_no_buttons() -> None:
    held = build_check(build(Outcome(Phase.HELD), detail="a first contribution"))
    assert [each["identifier"] for each in held["actions"]] == ["approve"]
    assert held["output"]["title"] == "Waits for approval: a first contribution"
    assert "actions" not in build_check(build(Outcome(Phase.RUNNING), jobs=JOBS))


def test_a_wrong_file_is_told_at_its_line() -> None:
    problem = Problem(".towline.yml", 12, "jobs.unit.timout: unknown key")
    told = build(Outcome(Phase.REFUSED), problems=(problem,))
    run = build_check(told)
    assert run["output"]["annotations"] == [
        {
            "path": ".towline.yml",
            "start_line": 12,
            "end_line": 12,
            "annotation_level": "failure",
            "message": "jobs.unit.timout: unknown key",
        }
    ]
    assert "`.towline.yml:12`: jobs.unit.timout" in run["output"]["summary"]
    wrong = "The repository's file is wrong: .towline.yml:12: jobs.unit.timout: unknown key"
    assert build_status(told)["description"] == wrong


def test_long_names_stay_two_when_they_differ_at_the_end() -> None:
    one, two = name_of("x" * 300 + "1"), name_of("x" * 300 + "2")
    assert one != two
    assert len(one) == len(two) == MOST_NAME
    assert name_of("y" * (MOST_NAME - 8)) == "towline/" + "y" * (MOST_NAME - 8)


def test_emoji_are_left_out_of_what_github_would_refuse_for_them() -> None:
    told = job(Outcome(Phase.QUEUED), name="\N{ROCKET} deploy", detail="\N{PILE OF POO}")
    assert job_status(told)["context"] == "towline/\N{REPLACEMENT CHARACTER} deploy"
    assert job_status(told)["description"] == "Queued: \N{REPLACEMENT CHARACTER}"


def test_another_prefix_keeps_a_push_and_a_pull_request_of_one_commit_apart() -> None:
    told = job(Outcome(Phase.QUEUED))
    assert job_status(told, "towline (pull request)")["context"] == "towline (pull request)/unit"


anything = st.text(max_size=400) | st.sampled_from(["`" * 500, "|" * 99, "\x1b[31m", "x" * 70_000])
outcomes = st.sampled_from([row[0] for row in TABLE])
times = st.none() | st.datetimes(timezones=st.just(UTC))
jobs = st.builds(
    JobTold,
    id=st.just("j"),
    name=anything,
    outcome=outcomes,
    url=st.sampled_from(["", "https://towline.example/j"]),
    detail=anything,
    sentences=st.lists(anything, max_size=3).map(tuple),
    started_at=times,
    finished_at=times,
    log_tail=anything,
)
problems = st.builds(Problem, path=st.just(".towline.yml"), line=st.integers(-1, 9), text=anything)
builds = st.builds(
    BuildTold,
    id=st.just("b"),
    outcome=outcomes,
    url=st.sampled_from(["", "https://towline.example/b"]),
    detail=anything,
    jobs=st.lists(jobs, max_size=4).map(tuple),
    problems=st.lists(problems, max_size=60).map(tuple),
    started_at=times,
    finished_at=times,
)


@given(told=jobs, built=builds)
def test_no_text_makes_what_github_would_refuse(told: JobTold, built: BuildTold) -> None:
    for status in (job_status(told), build_status(built)):
        assert 0 < len(status["description"]) <= 140
        assert not re.search("[\x00-\x1f\x7f\U00010000-\U0010ffff]", str(status))
        assert 0 < len(status["context"]) <= 255
    for run in (job_check(told), build_check(built)):
        output = run["output"]
        for part in ("summary", "text"):
            assert len(output.get(part, "").encode()) <= 65_535
        assert 0 < len(output["title"]) <= 140
        assert len(output.get("annotations", [])) <= 50
        assert len(run.get("actions", [])) <= 3
        assert all(len(each["label"]) <= 20 for each in run.get("actions", []))
        assert all(len(each["description"]) <= 40 for each in run.get("actions", []))
        assert ("conclusion" in run) == (run["status"] == "completed")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0].phase)
def test_githubs_description_has_every_payload(described: Description, row: Any) -> None:
    """All fields, kinds of values and limits, as published."""
    told = job(row[0], started_at=BEGAN, finished_at=BEGAN, log_tail="x\n", detail="y")
    problem = (Problem(".towline.yml", 0, ""),)
    built = build(row[0], jobs=(told,), problems=problem, started_at=BEGAN, finished_at=BEGAN)
    for status in (job_status(told), build_status(built)):
        operation = described.operation("POST", f"/repos/o/r/statuses/{'a' * 40}")
        described.check_request(operation, "", status)
    for run in (job_check(told), build_check(built)):
        operation = described.operation("PATCH", "/repos/o/r/check-runs/1")
        described.check_request(operation, "", run)
        operation = described.operation("POST", "/repos/o/r/check-runs")
        described.check_request(operation, "", {**run, "head_sha": "a" * 40})
