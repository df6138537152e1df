"""The build's verdict: every row by example, and what must hold for any build."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.build import BuildJob, BuildState, JobState, summary
from chalicelib.domain.build_table import BUILD_RULES, JOB_RULES, build_verdict
from chalicelib.domain.verdict import Verdict

WAITS, QUEUED, RUNS = BuildJob(), BuildJob(JobState.QUEUED), BuildJob(JobState.RUNNING)
SKIPPED = BuildJob(JobState.SKIPPED)


def done(verdict: Verdict, *, allowed: bool = False) -> BuildJob:
    return BuildJob(JobState.FINISHED, verdict, allow_failure=allowed)


def after(*needs: str, allowed: bool = False) -> BuildJob:
    return BuildJob(needs=needs, allow_failure=allowed)


PASSED, FAILED = done(Verdict.PASSED), done(Verdict.FAILED)
ERRORED, TIMED_OUT = done(Verdict.ERRORED), done(Verdict.TIMED_OUT)
CANCELLED = done(Verdict.CANCELLED)
MAY = done(Verdict.FAILED, allowed=True)

BUILDS: list[tuple[str, list[BuildJob], BuildState]] = [
    ("passed", [], BuildState.PASSED),
    ("passed", [PASSED, PASSED], BuildState.PASSED),
    ("passed", [PASSED, MAY], BuildState.PASSED),
    ("passed", [done(Verdict.ERRORED, allowed=True)], BuildState.PASSED),
    ("passed", [done(Verdict.TIMED_OUT, allowed=True)], BuildState.PASSED),
    ("failed", [PASSED, FAILED], BuildState.FAILED),
    ("failed", [TIMED_OUT], BuildState.FAILED),
    ("failed", [ERRORED, FAILED, CANCELLED], BuildState.FAILED),
    ("failed", [FAILED, SKIPPED], BuildState.FAILED),
    ("errored", [PASSED, ERRORED, CANCELLED], BuildState.ERRORED),
    ("cancelled", [PASSED, CANCELLED], BuildState.CANCELLED),
    ("cancelled", [done(Verdict.CANCELLED, allowed=True)], BuildState.CANCELLED),
    ("cancelled", [PASSED, SKIPPED], BuildState.CANCELLED),
    ("not_begun", [QUEUED, WAITS], BuildState.PENDING),
    ("not_begun", [WAITS], BuildState.PENDING),
    ("under_way", [RUNS, QUEUED], BuildState.RUNNING),
    ("under_way", [PASSED, QUEUED], BuildState.RUNNING),
    ("under_way", [FAILED, WAITS], BuildState.RUNNING),
    ("under_way", [FAILED, RUNS], BuildState.RUNNING),
]


@pytest.mark.parametrize(("rule", "jobs", "state"), BUILDS)
def test_each_row_for_the_build(rule: str, jobs: list[BuildJob], state: BuildState) -> None:
    decision = build_verdict({str(index): job for index, job in enumerate(jobs)})
    assert (decision.rule, decision.state) == (rule, state)


def test_every_row_has_an_example() -> None:
    assert {rule for rule, _, _ in BUILDS} == {rule.name for rule in BUILD_RULES}
    assert len(JOB_RULES) == 4


@pytest.mark.parametrize(
    ("need", "start", "skip"),
    [
        (PASSED, True, False),
        (MAY, True, False),
        (done(Verdict.ERRORED, allowed=True), True, False),
        (FAILED, False, True),
        (ERRORED, False, True),
        (TIMED_OUT, False, True),
        (CANCELLED, False, True),
        (done(Verdict.CANCELLED, allowed=True), False, True),
        (SKIPPED, False, True),
        (RUNS, False, False),
        (QUEUED, False, False),
        (after("x"), False, False),
    ],
)
def test_each_row_for_a_job_that_waits(need: BuildJob, start: bool, skip: bool) -> None:
    jobs = {"x": RUNS, "need": need, "job": after("need")}
    decision = build_verdict(jobs)
    assert ("job" in decision.start, "job" in decision.skip) == (start, skip)


def test_a_skip_goes_through_to_all_that_depend_on_it() -> None:
    """In one answer: a crash between two would leave a build that waits for ever."""
    jobs = {"c": after("b"), "b": after("a"), "a": FAILED, "other": RUNS}
    decision = build_verdict(jobs)
    assert decision.skip == ("c", "b")
    assert decision.state is BuildState.RUNNING


def test_the_build_is_closed_in_the_answer_that_skips_the_rest() -> None:
    assert build_verdict({"a": FAILED, "b": after("a")}).state is BuildState.FAILED


def test_a_cancelled_build_starts_nothing_and_waits_for_what_runs() -> None:
    jobs = {"a": RUNS, "b": WAITS, "c": after("a")}
    decision = build_verdict(jobs, cancelled=True)
    assert (decision.start, decision.skip) == ((), ("b", "c"))
    assert decision.state is BuildState.RUNNING


def test_a_cancelled_build_whose_job_failed_before_is_failed() -> None:
    assert build_verdict({"a": FAILED, "b": WAITS}, cancelled=True).state is BuildState.FAILED
    assert build_verdict({"a": PASSED, "b": WAITS}, cancelled=True).state is BuildState.CANCELLED


def test_one_need_that_failed_is_enough_though_others_run() -> None:
    decision = build_verdict({"a": FAILED, "b": RUNS, "c": after("b", "a")})
    assert decision.skip == ("c",)


@pytest.mark.parametrize(
    "wrong", [BuildJob(JobState.RUNNING, Verdict.PASSED), BuildJob(JobState.FINISHED)]
)
def test_a_verdict_and_a_state_that_contradict_each_other_are_refused(wrong: BuildJob) -> None:
    with pytest.raises(ValueError, match="with the verdict"):
        build_verdict({"a": wrong})


def test_the_summary_counts_in_words() -> None:
    jobs = {"a": PASSED, "b": SKIPPED, "c": MAY, "d": PASSED, "e": TIMED_OUT}
    assert summary(jobs) == "2 passed, 1 failed (allowed), 1 timed out, 1 skipped"
    assert summary({}) == "no jobs"


@st.composite
def builds(draw: st.DrawFn) -> dict[str, BuildJob]:
    """Needs point backwards, so there are no circles."""
    jobs: dict[str, BuildJob] = {}
    for index in range(draw(st.integers(0, 7))):
        earlier = st.lists(st.sampled_from([*jobs, ""]), unique=True, max_size=3)
        needs = [name for name in draw(earlier) if name]
        jobs[f"j{index}"] = BuildJob(needs=tuple(needs), allow_failure=draw(st.booleans()))
    return jobs


@given(builds(), st.data())
def test_any_build_comes_to_an_end_and_each_job_ends_once(
    jobs: dict[str, BuildJob], data: st.DataObject
) -> None:
    """Played through with any verdicts and a cancellation at any time: nothing is started before
    its needs, nothing is started twice, and the end is the end whatever is asked again."""
    started: list[str] = []
    cancelled = False
    for _ in range(4 * len(jobs) + 2):
        cancelled = cancelled or data.draw(st.booleans() if len(started) > 2 else st.just(False))
        decision = build_verdict(jobs, cancelled=cancelled)
        assert not (cancelled and decision.start)
        for name in decision.skip:
            assert jobs[name].state is JobState.WAITING
            jobs[name] = BuildJob(JobState.SKIPPED, None, jobs[name].needs)
        for name in decision.start:
            assert name not in started
            assert all(jobs[need].good for need in jobs[name].needs)
            started.append(name)
            jobs[name] = BuildJob(
                JobState.RUNNING, None, jobs[name].needs, jobs[name].allow_failure
            )
        running = [name for name, job in jobs.items() if job.state is JobState.RUNNING]
        if not running:
            break
        ending = jobs[running[0]]
        verdict = data.draw(st.sampled_from(list(Verdict)))
        jobs[running[0]] = BuildJob(JobState.FINISHED, verdict, ending.needs, ending.allow_failure)
    final = build_verdict(jobs, cancelled=cancelled)
    assert all(job.over for job in jobs.values())
    assert final.state not in (BuildState.PENDING, BuildState.RUNNING)
    assert (final.start, final.skip) == ((), ())
    good = all(job.good for job in jobs.values())
    assert (final.state is BuildState.PASSED) == good
