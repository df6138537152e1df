"""The command line as a whole: help, mistakes, completion, the table of exit statuses."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import towline
from chalicelib.version import VERSION
from towline.cli.checks import Finding, wanted
from towline.cli.complaint import in_options
from towline.cli.completion import places
from towline.cli.exit_status import of_job
from towline.cli.main import build_parser, main, split_command
from towline.client.errors import Refused

ROOT = Path(towline.__file__).parent.parent
COMMANDS = [" ".join(place.path) for place in places(build_parser(), ())]


@pytest.fixture(autouse=True)
def _no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOWLINE_URL", "TOWLINE_TOKEN", "TOWLINE_BACKEND"):
        monkeypatch.delenv(name, raising=False)


def test_all_three_places_name_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["version"] == towline.__version__ == VERSION


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_that_fits_and_explains_each_option(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([*command.split(), "--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    (place,) = [p for p in places(build_parser(), ()) if " ".join(p.path) == command]
    assert all(place.words.values()), "each word has a help of its own"


def test_help_loads_nothing_slow() -> None:
    slow = "{'boto3', 'botocore', 'moto', 'docker', 'pydantic', 'chalice', 'http.client'}"
    program = (
        "import sys; from towline.cli.main import build_parser; build_parser().format_help(); "
        f"print(sorted({slow} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "the following arguments are required"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["run", "--nonsense"], "unrecognized arguments: --nonsense (see 'towline run --help')"),
        (["run", "--timout", "5", "--", "true"], "did you mean --timeout?"),
        (["secret", "set", "--fromenv=A", "B"], "did you mean --from-env? (see 'towline secret"),
        (["run", "--timeout", "soon", "--", "true"], "--timeout: 'soon' is not a duration"),
        (["run", "--memory", "512", "--", "true"], "--memory: '512' has no unit"),
        (["run", "--cpu", "many", "--", "true"], "--cpu: 'many' is not a number of CPUs"),
        (["run", "--backend", "podman", "--", "true"], "invalid choice: 'podman'"),
        (["run", "no-such-script"], "there is no script no-such-script"),
        (["run", "--secret", "UNSET_SECRET", "--", "true"], "UNSET_SECRET is not set"),
        (["registry", "add", "hub", "--username", "u"], "say which registry the credentials are"),
        (["registry", "add", "ghcr.io"], "the following arguments are required: --username"),
        (["run", "--arch", "z80", "--", "true"], "invalid choice: 'z80'"),
        (["jobs", "--limit", "0"], "--limit must be at least 1"),
        (["jobs"], "no service is named: set TOWLINE_URL"),
        (["jobs", "--", "true"], "only 'run' and 'enqueue' take a command"),
        (["jobs", "--url", "http://127.0.0.1:1"], "no token for http://127.0.0.1:1"),
        (["up", "--host", "0.0.0.0"], "0.0.0.0 is not a loopback address"),
        (["up", "--host", "example.org"], "example.org is not a loopback address"),
        (["up", "--port", "70000"], "--port 70000 is not a port"),
        (["log", "x", "--offset", "-1"], "--offset must not be negative"),
        (["log", "x", "--attempt", "0"], "--attempt must be at least 1"),
    ],
)
def test_a_mistake_gets_a_sentence_and_exit_status_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: Any = main(words)
    except SystemExit as left:
        status = left.code
    captured = capsys.readouterr()
    assert status == 2
    assert says in captured.err
    assert captured.err.startswith("towline: error: ")
    assert captured.out == ""
    assert "Traceback" not in captured.err


LOCAL = ("run", "up", "selftest")
WORDS = {
    **dict.fromkeys(LOCAL, ("TOWLINE_BACKEND", "TOWLINE_RUNNER_BASE", "DOCKER_HOST", "NO_COLOR")),
    "doctor": ("TOWLINE_BACKEND", "TOWLINE_RUNNER_BASE", "DOCKER_HOST", "TOWLINE_URL", "NO_COLOR"),
    **dict.fromkeys(
        (
            "enqueue",
            "jobs",
            "show",
            "log",
            "cancel",
            "rerun",
            "secret set",
            "registry add",
            "token list",
        ),
        ("TOWLINE_URL", "TOWLINE_TOKEN", "NO_COLOR"),
    ),
}


@pytest.mark.parametrize("command", WORDS)
def test_a_help_names_the_variables_that_the_command_heeds(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    described = capsys.readouterr().out.split("environment:", 1)[1]
    assert [name for name in WORDS[command] if name not in described] == []


@pytest.mark.parametrize(
    ("backend", "docker", "state"),
    [
        ("", "warning", None),
        ("auto", "warning", "ok"),
        ("process", "warning", "ok"),
        ("docker", "warning", "wrong"),
        ("docker", "ok", "ok"),
        ("podman", "ok", "wrong"),
    ],
)
def test_the_doctor_holds_the_backend_that_was_chosen_against_what_works(
    backend: str, docker: Any, state: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWLINE_BACKEND", backend)
    found = wanted([Finding("process", "ok", ""), Finding("docker", docker, "")])
    assert [finding.state for finding in found] == ([state] if state else [])


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:1", "can't reach the service at http://127.0.0.1:1: connection refused"),
        ("http://no-such-host.invalid", "there is no host named no-such-host.invalid"),
        ("127.0.0.1:8080", "is not an address of a service"),
        ("http://127.0.0.1:x", "port that is not a number"),
    ],
)
def test_a_service_that_is_not_there_is_told_in_words(
    url: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWLINE_TOKEN", "tl_x")
    assert main(["jobs", "--url", url]) == 2
    assert says in capsys.readouterr().err


def test_what_the_service_says_of_a_field_is_said_of_the_option() -> None:
    refused = Refused(400, "invalid", "timeout_s must be at most 604800.", "timeout_s")
    assert str(in_options(refused)) == "--timeout: must be at most 7d."
    refused = Refused(400, "invalid", "memory_mib must be at most 122880.", "memory_mib")
    assert str(in_options(refused)) == "--memory: must be at most 120 GiB."
    refused = Refused(400, "invalid", "cpu must be at most 16.", "cpu")
    assert str(in_options(refused)) == "--cpu: must be at most 16."
    other = Refused(400, "invalid", "env: 'A=' can't be a variable.", "env")
    assert str(in_options(other)) == "--env: 'A=' can't be a variable."
    assert str(in_options(Refused(409, "x", "All of it.", None))) == "All of it."


@pytest.mark.parametrize(
    ("verdict", "code", "signal", "status"),
    [
        ("passed", 0, None, 0),
        ("failed", 3, None, 3),
        ("failed", None, 9, 137),
        ("timed_out", None, 15, 124),
        ("errored", None, None, 125),
        ("cancelled", None, None, 130),
    ],
)
def test_the_exit_status_is_the_verdicts(
    verdict: str, code: int | None, signal: int | None, status: int
) -> None:
    assert of_job({"verdict": verdict, "exit_code": code, "signal": signal}) == status


def test_a_command_begins_after_the_first_dashes_only() -> None:
    assert split_command(["run", "-e", "A=1", "--", "sh", "--", "x"]) == (
        ["run", "-e", "A=1"],
        ["sh", "--", "x"],
    )
    assert split_command(["jobs"]) == (["jobs"], None)


def bash_completes(line: str, script: str) -> list[str]:
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    program = (
        f"{script}\nCOMP_WORDS=({quoted})\nCOMP_CWORD={len(words) - 1}\n_towline\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    answer = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return answer.stdout.split()


def test_bash_completes_commands_options_choices_and_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert bash_completes("towline can", script) == ["cancel"]
    assert bash_completes("towline secret r", script) == ["remove", "rm"]
    assert bash_completes("towline run --silence", script) == ["--silence-timeout"]
    assert bash_completes("towline run --backend d", script) == ["docker"]
    assert bash_completes("towline run pyproject.t", script) == ["pyproject.toml"]
    assert bash_completes("towline run --image ", script) == []
    assert bash_completes("towline github set app-key --file pyproject.t", script) == [
        "pyproject.toml"
    ]
    assert "bash" in bash_completes("towline run -- bas", script)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_can_read_theirs(
    shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    assert "silence-timeout" in script.read_text()
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(script)], check=True)
