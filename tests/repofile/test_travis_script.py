"""A Travis job as one script, run by bash (as on Travis) and by dash and busybox."""

from __future__ import annotations

import pytest

from chalicelib.repofile.job_script import job_script
from chalicelib.repofile.planned import Phases, Script
from chalicelib.repofile.travis.script import TravisPhases, travis_script
from tests.repofile.shells import Place, Ran, terminate_all, when_printed


def run(place: Place, *variables: str, **commands: str) -> Ran:
    """Commands are split at ``|||``."""
    made = {phase: tuple(text.split("|||")) for phase, text in commands.items()}
    script = Script(text=travis_script(TravisPhases(made, variables)))
    return place.run(job_script(Phases(script=script, marks_phases=True)))


def test_all_phases_run_in_travis_order_in_one_shell(place: Place) -> None:
    ran = run(
        place,
        "A=1 B='x y'",
        "C=$A$B",
        before_install="D=4; cd /",
        install="echo install",
        before_script="echo before",
        script='echo "$C|$D|$PWD"',
        after_success="echo success $TRAVIS_TEST_RESULT",
        after_failure="echo never",
        after_script="echo last $D",
    )
    assert ran.status == 0
    order = ["install", "before", "1x y|4|/", "success 0", "last 4"]
    assert [line for line in ran.output.splitlines() if line in order] == order
    assert "\nnever" not in ran.output
    assert ran.phases == ["setup", "script", "after"]


@pytest.mark.parametrize("phase", ["before_install", "install", "before_script"])
def test_a_failure_before_the_script_stops_the_job_as_setup(place: Place, phase: str) -> None:
    commands = {
        phase: "(exit 7)|||echo never",
        "script": "echo never",
        "after_script": "echo never",
    }
    ran = run(place, **commands)
    assert ran.status == 7
    assert ran.phases == ["setup"]
    assert f'The command "(exit 7)" failed and exited with 7 during {phase}.' in ran.output
    assert "towline: setup failed with status 7; the script was not run" in ran.output
    assert "\nnever" not in ran.output


def test_every_line_of_the_script_runs_and_one_failure_fails_the_job(place: Place) -> None:
    ran = run(
        place,
        script="(exit 3)|||echo second|||true",
        after_success="echo never",
        after_failure="echo failure $TRAVIS_TEST_RESULT",
        after_script="echo last",
    )
    assert ran.status == 1
    assert 'The command "(exit 3)" exited with 3.' in ran.output
    for line in ("second", "failure 1", "last"):
        assert f"\n{line}\n" in ran.output
    assert "\nnever" not in ran.output


@pytest.mark.parametrize("after", ["false", "exit 5", "kill -9 $$; true", "set -e; false"])
@pytest.mark.parametrize("script", ["true", "false"])
def test_what_comes_after_does_not_change_the_result(place: Place, script: str, after: str) -> None:
    if "kill" in after:
        after = "sh -c 'kill -9 $PPID'"
    ran = run(place, script=script, after_success=after, after_failure=after, after_script=after)
    assert ran.status == (0 if script == "true" else 1)


def test_errexit_of_a_script_does_not_reach_what_comes_after(place: Place) -> None:
    """What leaked in February 2017 was a user's "set -e"."""
    ran = run(place, script="set -e|||true", after_success="echo a|||false|||echo b")
    assert ran.status == 0


def test_errexit_of_a_script_ends_it_at_the_first_failure(place: Place) -> None:
    ran = run(place, script="set -e|||(exit 3)|||echo never")
    assert ran.status == 3
    assert "\nnever" not in ran.output


def test_an_exit_in_the_script_is_the_jobs_end(place: Place) -> None:
    """As on Travis, where it is warned of."""
    ran = run(place, script="exit 4|||echo never", after_script="echo never")
    assert ran.status == 4
    assert "\nnever" not in ran.output


def test_a_variable_that_can_not_be_set_stops_the_job(place: Place) -> None:
    ran = run(place, "A=$(exit 1", script="echo never")
    assert ran.status != 0
    assert "\nnever" not in ran.output


@pytest.mark.parametrize("broken", ["unfinished='", "if true", "echo a \\"])
def test_what_is_unfinished_stays_in_its_own_command(place: Place, broken: str) -> None:
    """The next command is never taken for a part of this one."""
    ran = run(place, script=f"{broken}|||echo second")
    lines = ran.output.splitlines()
    assert "second" in lines or ran.status != 0


def test_functions_that_travis_has_are_there(place: Place) -> None:
    ran = run(
        place,
        script="travis_retry true|||travis_wait 30 echo waited|||travis_wait echo too"
        "|||travis_fold start x|||travis_terminate 0|||echo never",
    )
    assert ran.status == 0
    assert "\nwaited\n" in ran.output
    assert "\ntoo\n" in ran.output
    assert "\nnever" not in ran.output


def test_a_retry_gives_up_after_three_tries(place: Place) -> None:
    ran = run(place, script="travis_retry sh -c 'echo try; exit 3'")
    assert ran.output.count("\ntry\n") == 3
    assert "exited with 3." in ran.output
    assert ran.status == 1


def test_scripts_find_the_variables_that_travis_sets(place: Place) -> None:
    shows = 'echo "$TRAVIS_BRANCH $TRAVIS_TAG $TRAVIS_COMMIT $TRAVIS_PULL_REQUEST"'
    made = Script(text=travis_script(TravisPhases({"script": (shows,)})))
    script = job_script(Phases(script=made, marks_phases=True))
    ran = place.run(script, env={"TOWLINE_TAG": "v1", "TOWLINE_COMMIT": "abc"})
    assert "\nv1 v1 abc false\n" in ran.output


def test_commands_do_not_hold_the_pipe_of_the_phases(place: Place) -> None:
    ran = run(place, script="sh -c 'ls /proc/self/fd' | tr '\\n' ' '; echo", install="true")
    assert "\n0 1 2 3 \n" in ran.output


def test_a_term_ends_it_after_the_command_that_cleans_up(place: Place) -> None:
    script = "sh -c 'trap \"sleep 1; echo clean; exit 9\" TERM; echo ready; sleep 30 & wait'"
    made = Script(text=travis_script(TravisPhases({"script": (script, "echo never")})))
    ran = place.run(
        job_script(Phases(script=made, marks_phases=True)),
        meanwhile=when_printed("\nready", terminate_all),
    )
    assert ran.status == 143
    assert "\nclean\n" in ran.output
    assert "\nnever" not in ran.output
