"""The product's own format: what a case may say, and what is told of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.domain.verdict import Verdict
from towline.selftest.case import Case, CorpusError, Ending, Need
from towline.selftest.toml_format import load_toml_corpus

FULL = """
about = "A test."

[[case]]
name = "everything"
script = ["#!/bin/sh\\n", { hex = "ff" }]
shell = ["bash", "-e"]
mode = "0755"
ends = "signal 9"
output = [{ text = "ab", times = 3 }]
says = ["ab"]
never_says = ["c\\n"]
env = { A = "@HOME@/x" }
unset = ["B"]
files = { "lib/x" = "1\\n", "bin/y" = { content = "2", mode = "0700" } }
home = { ".profile" = "exit 0" }
image_files = { "/etc/z" = "3" }
user = "root"
limits.timeout = 3
limits.silence = 2
limits.grace = 1
limits.cancel_after = 1.5
limits.wall = 9
limits.memory_mib = 64
limits.pids = 9
limits.log_limit = 5000
limits.tmpfs = { "/small" = "1m" }
needs = ["container", "pid1"]
programs = ["perl"]
slow = true
also = ["errored"]
policy = "a choice"
why = "to see all fields"

[[case]]
name = "by-shell"
script = "exit 300"
ends = { bash = "exit 44", "busybox sh" = "exit 0" }
why = "a table of shells"
"""


def load(tmp_path: Path, text: str) -> dict[str, Case]:
    (tmp_path / "some.toml").write_text(text)
    return {case.name: case for case in load_toml_corpus(tmp_path)}


def one(tmp_path: Path, lines: str) -> Case:
    cases = load(tmp_path, f'about = "x"\n[[case]]\nname = "it"\nwhy = "x"\n{lines}\n')
    return cases["it"]


def test_every_field_arrives(tmp_path: Path) -> None:
    case = load(tmp_path, FULL)["everything"]
    assert case.group == "some"
    assert case.script.data == b"#!/bin/sh\n\xff"
    assert (case.shell, case.mode, case.user, case.slow) == (("bash", "-e"), "0755", "root", True)
    assert case.ends == Ending(Verdict.FAILED, signal=9)
    assert case.output.exact == b"ababab"
    assert (case.output.contains, case.output.excludes) == ((b"ab",), (b"c\n",))
    assert case.env == {"A": "@HOME@/x", "B": None}
    assert [(f.path, f.content.data, f.mode) for f in case.files] == [
        ("lib/x", b"1\n", "0644"),
        ("bin/y", b"2", "0700"),
    ]
    assert [f.path for f in (*case.home, *case.image_files)] == [".profile", "/etc/z"]
    assert case.needs == {Need.CONTAINER, Need.PID1}
    assert case.programs == {"perl"}
    assert case.also == {Verdict.ERRORED}
    limits = case.limits
    assert (limits.timeout_s, limits.silence_s, limits.grace_s) == (3, 2, 1)
    assert (limits.cancel_after_s, limits.wall_s, limits.memory_bytes) == (1.5, 9, 64 << 20)
    assert (limits.pids, limits.log_limit_bytes, limits.tmpfs) == (9, 5000, {"/small": "1m"})


def test_ends_by_shell_make_a_case_for_each(tmp_path: Path) -> None:
    cases = load(tmp_path, FULL)
    assert cases["by-shell.bash"].ends == Ending(Verdict.FAILED, exit_code=44)
    assert cases["by-shell.busybox-sh"].shell == ("busybox", "sh")
    assert cases["by-shell.busybox-sh"].ends == Ending(Verdict.PASSED, exit_code=0)


@pytest.mark.parametrize(
    ("words", "ending"),
    [
        ("exit 0", Ending(Verdict.PASSED, exit_code=0)),
        ("exit 255", Ending(Verdict.FAILED, exit_code=255)),
        ("timed out", Ending(Verdict.TIMED_OUT)),
        ("cancelled", Ending(Verdict.CANCELLED)),
        ("errored", Ending(Verdict.ERRORED)),
    ],
)
def test_the_words_for_an_end(tmp_path: Path, words: str, ending: Ending) -> None:
    assert one(tmp_path, f'script = ""\nends = "{words}"').ends == ending


def test_a_long_output_is_pinned_by_size_and_digest_only(tmp_path: Path) -> None:
    case = one(tmp_path, 'script = ""\nends = "exit 0"\noutput = [{ text = "x", times = 9999 }]')
    assert (case.output.size, case.output.exact) == (9999, None)
    assert case.output.sha256 is not None


def test_an_empty_output_is_pinned_and_an_absent_one_is_not(tmp_path: Path) -> None:
    assert one(tmp_path, 'script = ""\nends = "exit 0"\noutput = ""').output.exact == b""
    assert one(tmp_path, 'script = ""\nends = "exit 0"').output.size is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('ends = "exit 0"', "'script' is missing"),
        ('script = ""', "'ends' is missing"),
        ('script = ""\nends = "exit"', "ends = 'exit'"),
        ('script = ""\nends = "exit 0"\ntypo = 1', "unknown: typo"),
        ('script = ""\nends = "exit 0"\nneeds = ["moon"]', "moon"),
        ('script = ""\nends = "exit 0"\nlimits = { time = 1 }', "unknown limits: time"),
        ('script = ""\nshell = "sh"\nends = { sh = "exit 0" }', "leave `shell` out"),
        ("script = 7\nends = 'exit 0'", "give text"),
    ],
)
def test_a_mistake_is_told_with_the_file_and_the_case(
    tmp_path: Path, lines: str, said: str
) -> None:
    with pytest.raises(CorpusError) as told:
        one(tmp_path, lines)
    assert said in str(told.value)
    assert "some.toml, case 'it'" in str(told.value)


def test_a_file_that_is_no_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"some\.toml is not TOML"):
        load(tmp_path, "= nonsense")
    with pytest.raises(CorpusError, match=r"some\.toml: a corpus file has"):
        load(tmp_path, "cases = []")


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="named 'by-shell"):
        load(tmp_path, FULL + FULL[FULL.rindex("[[case]]") :])
