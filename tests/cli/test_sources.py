"""What runs and in which environment: files, standard input, commands, variables."""

from __future__ import annotations

import argparse
import base64
import errno
import io
import json
from pathlib import Path

import pytest

from towline.cli.environment import job_environment
from towline.cli.job_options import add_job_options, spec_of
from towline.cli.problem import Problem
from towline.cli.script_source import script_or_command


def test_a_script_goes_byte_for_byte(tmp_path: Path) -> None:
    text, binary = tmp_path / "text", tmp_path / "binary"
    text.write_bytes(b"echo caf\xc3\xa9\r\n")
    binary.write_bytes(b"echo \xff\n")
    assert script_or_command([str(text)], None) == {"script": "echo café\r\n"}
    encoded = script_or_command([str(binary)], None)["script_base64"]
    assert base64.b64decode(encoded) == b"echo \xff\n"


def test_standard_input_is_a_script_with_and_without_a_dash() -> None:
    for words in ([], ["-"]):
        assert script_or_command(words, None, io.BytesIO(b"exit 3\n")) == {"script": "exit 3\n"}


def test_words_after_the_dashes_are_a_command_as_it_is() -> None:
    assert script_or_command([], ["echo", "a b", "--", "-x"]) == {
        "command": ["echo", "a b", "--", "-x"]
    }


@pytest.mark.parametrize(
    ("words", "command", "says"),
    [
        (
            ["no-such-file"],
            None,
            "there is no script no-such-file; a command goes after '--', as in: -- no-such-file",
        ),
        (["dir/no-such-file"], None, "there is no script dir/no-such-file"),
        (["/"], None, "/ is a directory"),
        (["a", "b"], None, "one script at a time"),
        (["a"], ["b"], "not both"),
        ([], [], "no command after '--'"),
        ([], [""], "no command after '--'"),
        ([], None, "standard input is empty"),
    ],
)
def test_what_can_not_be_run_is_told_in_a_sentence(
    words: list[str], command: list[str] | None, says: str
) -> None:
    with pytest.raises(Problem, match=says):
        script_or_command(words, command, io.BytesIO(b""))


def test_a_script_that_may_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # as root there is nothing that can't be read
    with pytest.raises(Problem, match="script can't be read: permission denied"):
        script_or_command(["script"], None)


def test_a_script_that_is_too_large_is_told_before_anything_starts(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"#" * ((4 << 20) + 1))
    with pytest.raises(Problem, match="larger than 4 MiB"):
        script_or_command([str(script)], None)


@pytest.mark.parametrize("character", ["\1", "é", "漢", "\U0001f600", "\n", '"'])
def test_the_largest_text_still_fits_into_a_request(character: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    largest = 4 << 20
    text = character.encode() * (largest // len(character.encode()))
    script.write_bytes(text)
    part = script_or_command([str(script)], None)
    assert len(json.dumps(part)) < 6_000_000
    sent = base64.b64decode(part["script_base64"]) if "script_base64" in part else part["script"]
    assert (sent if isinstance(sent, bytes) else sent.encode()) == text


def test_variables_come_from_files_then_words_and_keep_every_character(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_bytes(
        b'# a comment\n\n  A=1\nB= two = 2 \r\nC="quoted" $HOME\\n\nD\nE=\xe2\x80\xa8line\n'
    )
    found = job_environment([str(file)], ["A=2", "F="], caller={"D": "mine"})
    assert found == {
        "A": "2",
        "B": " two = 2 ",
        "C": '"quoted" $HOME\\n',
        "D": "mine",
        "E": "\u2028line",
        "F": "",
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("A=1\nnot a pair\n", r"env, line 2: it has no '='"),
        ("=x\n", r"env, line 1: it is not NAME=VALUE: there is no name in front of '='"),
        ("A =x\n", r"env, line 1: it is not NAME=VALUE"),
        ("export A=x\n", r"env, line 1: .* begins with 'export'"),
        ("A=\0\n", r"env, line 1: the value of A holds a NUL"),
    ],
)
def test_a_bad_line_of_a_file_of_variables_is_told_by_its_number(
    tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "env"
    file.write_text(content)
    with pytest.raises(Problem, match=says):
        job_environment([str(file)], [], caller={})


@pytest.mark.parametrize(
    "line",
    [
        "hunter2",
        "export TOKEN=hunter2",
        "TOKEN =hunter2",
        "=hunter2",
        "hunter2\0=x",
    ],
)
def test_nothing_of_a_bad_line_is_printed_as_it_may_be_a_secret(tmp_path: Path, line: str) -> None:
    file = tmp_path / "env"
    file.write_text(f"A=1\n{line}\n")
    with pytest.raises(Problem, match="line 2") as told:
        job_environment([str(file)], [], caller={})
    assert "hunter2" not in str(told.value)
    assert "TOKEN" not in str(told.value)
    with pytest.raises(Problem, match="--env") as told:
        job_environment([], ["=hunter2"], caller={})
    assert "hunter2" not in str(told.value)


def test_a_variable_without_a_value_needs_the_callers(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="NOPE has no value here"):
        job_environment([], ["NOPE"], caller={})
    with pytest.raises(Problem, match="there is no file"):
        job_environment([str(tmp_path / "none")], [], caller={})
    with pytest.raises(Problem, match="is a directory"):
        job_environment([str(tmp_path)], [], caller={})
    with pytest.raises(Problem, match="not UTF-8"):
        job_environment([], ["X"], caller={"X": "\udcff"})


@pytest.mark.parametrize(
    ("words", "command", "name"),
    [
        (["--name", "nightly", "ci/unit.sh"], None, "nightly"),
        (["SCRIPT"], None, "unit.sh"),
        ([], ["/usr/bin/pytest", "--token=s3cret"], "pytest"),
    ],
)
def test_a_job_is_named_after_what_it_runs_but_never_after_arguments(
    tmp_path: Path, words: list[str], command: list[str] | None, name: str
) -> None:
    script = tmp_path / "unit.sh"
    script.write_text("true\n")
    parser = argparse.ArgumentParser()
    add_job_options(parser, secrets="")
    words = [str(script) if word in ("SCRIPT", "ci/unit.sh") else word for word in words]
    assert spec_of(parser.parse_args(words), command)["name"] == name
