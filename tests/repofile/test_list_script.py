"""A list of commands as a shell script, run by bash, dash and busybox's sh for real."""

from __future__ import annotations

import pytest

from chalicelib.repofile.commands import list_script
from tests.repofile.shells import Place, Ran


def run(place: Place, *entries: str, env: dict[str, str] | None = None) -> Ran:
    return place.run(list_script(entries), env=env)


def test_every_entry_is_shown_and_run_in_one_shell(place: Place) -> None:
    ran = run(place, "cd /", "x='a  b'; export x", 'echo "$PWD:$x"')
    assert ran.status == 0
    assert ran.output == "$ cd /\n$ x='a  b'; export x\n$ echo \"$PWD:$x\"\n/:a  b\n"


@pytest.mark.parametrize("status", [1, 3, 125, 127, 137, 255])
def test_the_first_entry_that_fails_ends_it_with_its_status(place: Place, status: int) -> None:
    ran = run(place, "echo one", f"(exit {status})", "echo never")
    assert ran.status == status
    assert "one" in ran.output
    assert "never" not in ran.output


def test_the_last_entry_gives_the_status(place: Place) -> None:
    assert run(place, "true", "(exit 4)").status == 4


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        ("false || true", 0),
        ("if false; then echo no; fi", 0),
        ("false; true", 0),
        ("true && false", 1),
        ("! true", 1),
        ("# nothing but words", 0),
        ("false | true", 0),
        ("exit 7", 7),
        ("exit 0", 0),
        ("exec sh -c 'exit 9'", 9),
        ("sh -c 'kill -9 $$'", 137),
        ("no-such-program-here", 127),
        ("trap 'exit 5' EXIT", 5),
        ("trap 'echo bye' EXIT; false", 1),
        ("( set -e; false; true )", 1),
        ("set -e; false; true", 1),
        ("set -u; : $unset_one", None),
        ("echo 'it''s'", 0),
        ("unfinished='", None),
        ("echo ${", None),
        ("if true", None),
        ("echo a \\", 0),
        ("cat <<EOF\na\nEOF\nfalse", 1),
        ("cat <<EOF\na\nEOF", 0),
        ("cat <<'EOF'\n$HOME 'x' \"y\"\nEOF\n", 0),
        ("printf '%s' '%s\\n' | cat", 0),
        ("f() {\n  return 6\n}\nf", 6),
    ],
)
def test_one_entry_ends_as_a_shell_would_end_it(
    place: Place, entry: str, status: int | None
) -> None:
    """None: not 0, whichever number the shell has for it."""
    ran = run(place, entry)
    assert ran.status == status if status is not None else ran.status != 0


@pytest.mark.parametrize("broken", ["unfinished='", "cat <<EOF", "echo a \\", "if true", "# x"])
def test_what_is_unfinished_in_one_entry_does_not_reach_the_next(place: Place, broken: str) -> None:
    """The next entry either runs as itself or not at all; it never becomes a part of this one."""
    ran = run(place, broken, "echo second ran as itself")
    lines = ran.output.splitlines()
    assert ("second ran as itself" in lines) == (ran.status == 0)


def test_a_failure_inside_of_an_entry_counts_only_when_it_is_its_status(place: Place) -> None:
    """A user's own "set -e" is in force inside of entries, too."""
    assert run(place, "false; echo still here").status == 0
    ran = run(place, "set -e", "false; echo never")
    assert ran.status == 1
    assert "\nnever" not in ran.output


def test_an_exit_trap_sees_the_status_of_the_entry_that_failed(place: Place) -> None:
    ran = run(place, "trap 'echo status $?' EXIT", "(exit 3)", "echo never")
    assert ran.status == 3
    assert ran.output.endswith("status 3\n")


@pytest.mark.parametrize(
    "setting", ["set -u", "set -f", "IFS=e", "set -- a b c", "set -a", "set -x"]
)
def test_options_of_the_user_do_not_disturb_what_is_between_the_entries(
    place: Place, setting: str
) -> None:
    assert run(place, setting, "true", "(exit 3)", "true").status == 3
    assert run(place, setting, "true", "true").status == 0


def test_quotes_dollars_and_backslashes_arrive_as_they_were_written(place: Place) -> None:
    entry = r"""printf '%s\n' "a'b" '$HOME' "\\" '%s' "$MESSAGE" """
    ran = run(place, entry, env={"MESSAGE": "it's \\n 100%"})
    assert ran.output.splitlines()[1:] == ["a'b", "$HOME", "\\", "%s", "it's \\n 100%"]
    assert ran.output.splitlines()[0] == "$ " + entry


def test_what_is_read_from_standard_input_is_not_the_script(place: Place) -> None:
    ran = run(place, "cat", "echo second")
    assert ran.output.splitlines() == ["$ cat", "$ echo second", "second"]


def test_a_process_in_the_background_does_not_decide(place: Place) -> None:
    assert run(place, "sleep 30 &", "true").status == 0
