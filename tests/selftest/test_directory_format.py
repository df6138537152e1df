"""Corpora of directories: case.json and script."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.verdict import Verdict
from towline.selftest.case import Case, CorpusError, Ending, Need
from towline.selftest.directory_format import load_directory_corpus

PLAIN: dict[str, Any] = {
    "name": "it",
    "tags": ["first", "second"],
    "shell": ["bash"],
    "mode": "0644",
    "expect": {"verdict": "failed", "exit_code": 3, "signal": None},
    "output_contains": [],
    "output_not_contains": [],
    "needs": [],
    "why": "because",
}


def load(tmp_path: Path, script: bytes = b"exit 3\r\n\xff", **changes: Any) -> Case:
    folder = tmp_path / "it"
    folder.mkdir(exist_ok=True)
    (folder / "case.json").write_text(json.dumps({**PLAIN, **changes}))
    (folder / "script").write_bytes(script)
    (case,) = load_directory_corpus(tmp_path)
    return case


def test_a_plain_case(tmp_path: Path) -> None:
    case = load(tmp_path)
    assert case.script.data == b"exit 3\r\n\xff"
    assert case.ends == Ending(Verdict.FAILED, exit_code=3)
    assert (case.name, case.group, case.why, case.mode) == ("it", "first", "because", "0644")


def test_an_empty_shell_executes_the_file_itself(tmp_path: Path) -> None:
    assert load(tmp_path, shell=[]).shell == ()


def test_files_of_the_folder_the_home_and_the_image(tmp_path: Path) -> None:
    case = load(
        tmp_path,
        files={"a": "1"},
        home_files={".b": "2"},
        rootfs_files={"/opt/c": ["0755", "3"]},
    )
    found = [(f.path, f.content.data, f.mode) for f in (*case.files, *case.home, *case.image_files)]
    assert found == [("a", b"1", "0644"), (".b", b"2", "0644"), ("/opt/c", b"3", "0755")]


def test_null_in_the_environment_unsets(tmp_path: Path) -> None:
    assert load(tmp_path, env={"A": None, "B": "@HOME@"}).env == {"A": None, "B": "@HOME@"}


def test_needs_are_told_apart(tmp_path: Path) -> None:
    needs = ["container", "pid1", "root-runner", "nonroot-job", "same-uid-runner", "slow"]
    needs += ["rootfs", "python3", "ncurses-bin", "memory:64m", "pids:20", "tmpfs:/tmp:1m"]
    case = load(tmp_path, needs=needs, user="builder")
    assert case.needs == {Need.CONTAINER, Need.PID1, Need.ROOT_RUNNER, Need.SAME_UID}
    assert case.programs == {"python3", "tput"}
    assert (case.slow, case.user) == (True, "plain")
    limits = case.limits
    assert (limits.memory_bytes, limits.pids, limits.tmpfs) == (64 << 20, 20, {"/tmp": "1m"})


def test_limits_are_seconds_and_sizes(tmp_path: Path) -> None:
    given = {"timeout_s": 3, "grace_s": 2, "cancel_after_s": 1.5, "wall_max_s": 20}
    limits = load(tmp_path, limits={**given, "memory": "64m", "tmpfs": {"/x": "1m"}}).limits
    assert (limits.timeout_s, limits.grace_s) == (3, 2)
    assert (limits.cancel_after_s, limits.wall_s) == (1.5, 20)
    assert (limits.memory_bytes, limits.tmpfs) == (64 << 20, {"/x": "1m"})


def test_outputs(tmp_path: Path) -> None:
    text = b"hi\xff"
    case = load(
        tmp_path,
        output_exact_b64=base64.b64encode(text).decode(),
        output_bytes=3,
        output_sha256=hashlib.sha256(text).hexdigest(),
        output_contains=["h"],
        output_not_contains=["ü"],
    )
    assert (case.output.exact, case.output.size) == (text, 3)
    assert (case.output.contains, case.output.excludes) == ((b"h",), ("ü".encode(),))


@pytest.mark.parametrize("also", [["cancelled"], [{"verdict": "cancelled", "exit_code": None}]])
def test_other_verdicts_of_a_policy(tmp_path: Path, also: list[Any]) -> None:
    assert load(tmp_path, also_acceptable=also).also == {Verdict.CANCELLED}


def test_mistakes_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"holds no case"):
        load_directory_corpus(tmp_path)
    with pytest.raises(CorpusError, match=r"case\.json: user 'nobody'"):
        load(tmp_path, user="nobody")
    with pytest.raises(CorpusError, match=r"case\.json: 'verdict' is missing"):
        load(tmp_path, expect={})
    load(tmp_path)
    (tmp_path / "it" / "script").unlink()
    with pytest.raises(CorpusError, match="has no file named script"):
        load_directory_corpus(tmp_path)
