"""The phase ``after``, run by bash, dash and busybox's sh for real."""

from __future__ import annotations

import pytest

from chalicelib.repofile.job_script import job_script
from tests.repofile.shells import Place, Ran, terminate_all, when_printed
from tests.repofile.test_job_script import phases

TELLS = 'echo "result=$TOWLINE_RESULT status=$TOWLINE_EXIT_STATUS"'


def run(
    place: Place, script: str, after: str, *, setup: str | None = None, timeout_s: float = 3600
) -> Ran:
    made = phases(script, setup=setup, after=after)
    return place.run(job_script(made, timeout_s=timeout_s))


@pytest.mark.parametrize(
    ("script", "result", "status"),
    [
        ("true", "passed", 0),
        ("exit 3", "failed", 3),
        ("kill -9 $$", "failed", 137),
        ("exec false", "failed", 1),
        ("trap 'exit 0' EXIT; exit 1", "passed", 0),
    ],
)
def test_it_is_told_how_the_script_ended_and_the_status_stays(
    place: Place, script: str, result: str, status: int
) -> None:
    ran = run(place, script, TELLS)
    assert ran.status == status
    assert ran.output.splitlines()[-1] == f"result={result} status={status}"
    assert ran.phases == ["script", "after"]


@pytest.mark.parametrize(
    "after",
    ["exit 5", "kill -9 $$", "exec false", "set -e; false", "if true", "trap 'exit 9' EXIT"],
)
@pytest.mark.parametrize("script", ["true", "exit 3"])
def test_its_own_failure_is_told_and_changes_nothing(place: Place, script: str, after: str) -> None:
    ran = run(place, script, after)
    assert ran.status == (3 if "3" in script else 0)
    assert "towline: after ended with status " in ran.output
    assert ran.output.endswith(", which changes nothing\n")


def test_a_success_of_it_does_not_hide_a_failure(place: Place) -> None:
    assert run(place, "exit 3", "exit 0").status == 3


def test_it_runs_when_the_setup_failed(place: Place) -> None:
    ran = run(place, "echo never", TELLS, setup="exit 4")
    assert (ran.status, ran.phases) == (4, ["setup", "after"])
    assert ran.output.endswith("result=setup_failed status=4\n")
    assert "never" not in ran.output


def test_it_gets_the_variables_of_the_setup(place: Place) -> None:
    ran = run(place, "true", "echo got $X", setup="echo X=1 >>$TOWLINE_ENV")
    assert ran.output.endswith("got 1\n")


@pytest.mark.parametrize("begins", ["echo begun", "trap '' TERM"])
def test_it_is_left_to_its_end_when_its_time_is_over(place: Place, begins: str) -> None:
    """The limit is the job's own, less a margin: 7 s of the job leave 2 for it. What it leaves
    running the runner ends, as it does with whatever a job leaves."""
    ran = run(place, "exit 3", f"{begins}; sleep 50; echo never", timeout_s=7)
    assert ran.status == 3
    assert ran.output.endswith(" s and is ended\n")
    assert "towline: after did not end within " in ran.output
    assert "sleep 50" in ran.survivors


def test_it_is_not_begun_when_the_job_has_no_time_left(place: Place) -> None:
    ran = run(place, "exit 3", "echo never", timeout_s=5)
    assert (ran.status, ran.phases) == (3, ["script"])
    assert "towline: there is no time left for after, so it was not run" in ran.output


def test_it_is_bounded_without_a_clock_and_without_sleep(place: Place) -> None:
    """An image may have neither: then the usual limit counts, or the job's own timeout alone."""
    for name in ("date", "sleep"):
        (place.programs / name).unlink()
    ran = run(place, "exit 3", "echo done")
    assert ran.status == 3
    assert ran.output.endswith("towline: after\ndone\n")


def test_it_runs_when_the_job_is_ended_from_outside(place: Place) -> None:
    made = phases("trap 'exit 9' TERM; echo ready; sleep 30 & wait", after=TELLS)
    ran = place.run(job_script(made), meanwhile=when_printed("ready", terminate_all))
    assert ran.status == 9
    assert ran.output.endswith("result=stopped status=9\n")


def test_a_term_while_it_runs_ends_it_and_keeps_the_scripts_status(place: Place) -> None:
    made = phases("exit 3", after="echo ready; sleep 30; echo never")
    ran = place.run(job_script(made), meanwhile=when_printed("ready", terminate_all))
    assert ran.status == 3
    assert "never" not in ran.output


def test_its_clean_up_after_a_term_is_waited_for(place: Place) -> None:
    after = "trap 'sleep 1; echo clean; exit 0' TERM; echo ready; sleep 30 & wait"
    ran = place.run(
        job_script(phases("exit 3", after=after)), meanwhile=when_printed("ready", terminate_all)
    )
    assert ran.status == 3
    assert ran.output.endswith("ready\nclean\n")


def test_a_daemon_that_it_leaves_behind_does_not_hold_the_job(place: Place) -> None:
    assert run(place, "exit 3", "sleep 50 & echo left").status == 3


def test_nothing_is_left_running_beside_it(place: Place) -> None:
    """The clock that bounds it ends with it, so the runner counts no survivors."""
    assert run(place, "true", "true").survivors == []
    assert run(place, "true", "sleep 50 &").survivors == ["sleep 50"]
