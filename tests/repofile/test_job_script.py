"""Checkout, setup and script as one script, run by bash, dash and busybox's sh for real."""

from __future__ import annotations

import signal

import pytest

from chalicelib.repofile.job_script import job_script
from chalicelib.repofile.planned import Phases, Script
from tests.repofile.shells import Place, Ran, terminate_all, when_printed


def phases(
    script: str,
    *,
    setup: str | None = None,
    after: str | None = None,
    argv: tuple[str, ...] | None = None,
) -> Phases:
    def of(text: str | None) -> Script | None:
        return None if text is None else Script(text=text + "\n", argv=argv)

    made = of(script)
    assert made is not None
    return Phases(setup=of(setup), script=made, after=of(after))


def run(place: Place, script: str, *, setup: str | None = None) -> Ran:
    return place.run(job_script(phases(script, setup=setup)))


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", 0),
        ("exit 3", 3),
        ("exit 137", 137),
        ("false", 1),
        ("false; true", 0),
        ("set -e; false; true", 1),
        ("set -e; false || true", 0),
        ("trap 'exit 5' EXIT; exit 1", 5),
        ("trap 'echo bye' EXIT; exit 2", 2),
        ("exec false", 1),
        ("no-such-program", 127),
        ("kill -9 $$", -9),
        ("kill -TERM $$", -15),
        ("kill -TERM 0", -15),
        ("if true", None),
        ("set -u; : $none", None),
        ("cat <<EOF\n$HOME\nEOF\nexit 4", 4),
    ],
)
@pytest.mark.parametrize("setup", [None, "set -e; trap 'exit 0' EXIT; exit 0"])
def test_the_scripts_own_end_is_the_jobs(
    place: Place, script: str, status: int | None, setup: str | None
) -> None:
    """Death by a signal stays one: the last process is the script itself."""
    ran = run(place, script, setup=setup)
    assert ran.status == status if status is not None else ran.status not in (0, None)


@pytest.mark.parametrize("status", [1, 2, 77, 127, 255])
def test_a_setup_that_fails_is_named_and_the_script_is_not_run(place: Place, status: int) -> None:
    ran = run(place, "echo never", setup=f"exit {status}")
    assert ran.status == status
    assert f"towline: setup failed with status {status}; the script was not run" in ran.output
    assert "never" not in ran.output
    assert ran.phases == ["setup"]


def test_a_setup_killed_by_a_signal_is_named_and_its_shell_says_no_more(place: Place) -> None:
    ran = run(place, "echo never", setup="kill -9 $$")
    assert ran.status == 137
    assert ran.output == (
        "towline: setup\ntowline: setup failed with status 137; the script was not run\n"
    )


def test_a_failed_script_is_not_called_a_failed_setup(place: Place) -> None:
    ran = run(place, "exit 3", setup="true")
    assert ran.phases == ["setup", "script"]
    assert ran.output == "towline: setup\ntowline: script\n"


def test_an_exit_0_in_the_setup_does_not_pass_the_job(place: Place) -> None:
    ran = run(place, "exit 3", setup="exit 0")
    assert (ran.status, ran.phases) == (3, ["setup", "script"])


def test_a_script_can_take_no_phase_back(place: Place) -> None:
    """Whatever it writes to the pipe comes after its own name, so it can't pass for the setup."""
    forges = "echo setup >/proc/$PPID/fd/9; exit 1"
    ran = place.run(job_script(phases(forges, setup="true", after="true")))
    assert (ran.status, ran.phases) == (1, ["setup", "script", "setup", "after"])


def test_half_a_line_of_a_setup_does_not_hide_the_next_phase(place: Place) -> None:
    ran = run(place, "exit 1", setup="printf half >/proc/$PPID/fd/9")
    assert (ran.status, ran.phases) == (1, ["setup", "half", "script"])


def test_the_job_runs_where_nobody_hears_its_phases(place: Place) -> None:
    ran = place.run(job_script(phases("exit 3", setup="true")), listens=False)
    assert ran.status == 3


def test_phases_have_no_descriptors_but_the_three(place: Place) -> None:
    looks = 'echo "open:" $(ls /proc/self/fd | tr "\\n" " ")'
    ran = run(place, f"sh -c '{looks}'", setup=f"sh -c '{looks}'")
    # ls has one of its own, of the folder.
    shown = [line for line in ran.output.splitlines() if line.startswith("open:")]
    assert shown == ["open: 0 1 2 3"] * 2


def test_the_environment_is_what_it_is_without_phases(place: Place) -> None:
    """Nothing of the script around is left in it, SHLVL least of all: a login shell's logout file
    was run or not by it."""
    shows = "env | grep -v -e '^_=' -e '^PWD=' | sort"
    alone = place.run(shows).output
    ran = run(place, shows)
    assert ran.output == f"towline: script\n{alone}"


def test_what_the_setup_does_to_its_shell_stays_in_it(place: Place) -> None:
    ran = run(place, 'echo "$PWD"; echo "x=${x-unset}"', setup="x=1; export x; cd /; set -e")
    assert ran.output.splitlines()[2:] == [str(place.work), "x=unset"]


def test_variables_reach_the_script_through_the_file_for_them(place: Place) -> None:
    setup = (
        "echo 'GREETING=a  b = c' >>\"$TOWLINE_ENV\"\n"
        'echo >>"$TOWLINE_ENV"\n'
        'printf \'LAST=%s\' "it\'s \\$HOME" >>"$TOWLINE_ENV"'
    )
    ran = run(place, 'echo "$GREETING|$LAST"', setup=setup)
    assert ran.output.splitlines()[-1] == "a  b = c|it's $HOME"


def test_a_path_of_the_setup_is_where_the_script_is_looked_up(place: Place) -> None:
    setup = (
        "mkdir -p bin; printf '#!/bin/sh\\necho found\\n' >bin/mine; chmod +x bin/mine\n"
        'echo "PATH=$PWD/bin:$PATH" >>"$TOWLINE_ENV"'
    )
    assert run(place, "mine", setup=setup).output.endswith("found\n")


@pytest.mark.parametrize("line", ["no equals sign", "1X=y", "=y", "A B=c", "TOWLINE_X=1", "a-b=c"])
def test_a_line_that_is_no_variable_fails_the_setup_in_words(place: Place, line: str) -> None:
    ran = run(place, "echo never", setup=f"echo '{line}' >>\"$TOWLINE_ENV\"")
    assert ran.status == 1
    assert f"setup wrote a line to $TOWLINE_ENV that is not NAME=value: {line}" in ran.output
    assert "towline: setup failed with status 1" in ran.output


def test_a_setup_may_empty_the_folder_that_the_job_is_in(place: Place) -> None:
    """As "rm -rf /tmp/*" does at the end of many installations."""
    ran = run(place, "exit 3", setup=f"rm -rf {place.folder.parent}/towline-job")
    assert (ran.status, ran.phases) == (3, ["setup", "script"])


def test_a_setup_may_overwrite_the_jobs_files(place: Place) -> None:
    """All phases are read before any of them runs; a shell reads its script piece by piece."""
    fill = "yes 'exit 0' | head -n 999"
    setup = f"for f in script job-setup job-script; do {fill} >{place.folder}/$f; done"
    assert run(place, "exit 3", setup=setup).status == 3


def test_the_workdir_is_entered_before_anything_runs(place: Place) -> None:
    (place.work / "it's here").mkdir()
    ran = place.run(job_script(phases("pwd", setup="pwd"), workdir="it's here"))
    inside = f"{place.work}/it's here"
    assert ran.output.splitlines() == ["towline: setup", inside, "towline: script", inside]


def test_a_workdir_that_is_not_there_is_the_setups_failure(place: Place) -> None:
    ran = place.run(job_script(phases("echo never"), workdir="web"))
    assert (ran.status, ran.phases) == (1, ["setup"])
    assert "towline: the workdir web can't be entered" in ran.output


def test_a_shell_of_the_jobs_own_runs_its_phases(place: Place) -> None:
    script = job_script(phases("echo $0 $-", setup="false\necho no", argv=("sh", "-e", "-f")))
    assert place.run(script).status == 1
    ran = place.run(job_script(phases("echo $-", argv=("sh", "-f"))))
    assert "f" in ran.output.splitlines()[-1]


def test_without_a_shell_bash_is_taken_where_there_is_one(place: Place) -> None:
    ran = run(place, 'echo "bash: ${BASH_VERSION:+yes}"')
    assert ran.output.splitlines()[-1] == ("bash: yes" if place.kind == "bash" else "bash: ")


def test_a_shell_that_is_not_there_is_not_found(place: Place) -> None:
    ran = place.run(job_script(phases("true", argv=("no-such-shell",))))
    assert ran.status == 127
    assert "no-such-shell" in ran.output


def test_a_term_reaches_the_script_and_its_clean_up_is_waited_for(place: Place) -> None:
    script = "trap 'echo cleaning; sleep 1; echo clean; exit 9' TERM\necho ready\nsleep 30 & wait"
    ran = place.run(
        job_script(phases(script, setup="true")), meanwhile=when_printed("ready", terminate_all)
    )
    assert ran.status == 9
    assert ran.output.endswith("cleaning\nclean\n")


def test_a_term_in_the_setup_lets_its_clean_up_finish_and_begins_nothing_new(place: Place) -> None:
    setup = "trap 'sleep 1; echo clean; exit 0' TERM\necho ready\nsleep 30 & wait"
    ran = place.run(
        job_script(phases("echo never", setup=setup)),
        meanwhile=when_printed("ready", terminate_all),
    )
    assert (ran.status, ran.phases) == (143, ["setup"])
    assert ran.output == "towline: setup\nready\nclean\n"


def test_a_script_without_a_trap_dies_of_the_term(place: Place) -> None:
    ran = place.run(
        job_script(phases("echo ready; sleep 30; echo never")),
        meanwhile=when_printed("ready", terminate_all),
    )
    assert ran.status == -signal.SIGTERM
    assert "never" not in ran.output


@pytest.mark.parametrize("name", ["INT", "HUP", "USR1", "QUIT"])
def test_signals_of_a_setup_to_its_own_group_do_not_end_the_job(place: Place, name: str) -> None:
    ran = run(place, "exit 3", setup=f"trap 'echo heard; exit 0' {name}; kill -{name} 0; sleep 5")
    assert ran.status == 3
    assert "heard" in ran.output


def test_ignored_signals_are_not_handed_on(place: Place) -> None:
    """What is ignored here would be ignored by every process of the job."""
    ran = run(place, "grep SigIgn /proc/self/status", setup="grep SigIgn /proc/self/status")
    alone = place.run("grep SigIgn /proc/self/status").output.split()[1]
    assert [line.split()[1] for line in ran.output.splitlines() if "SigIgn" in line] == [alone] * 2
