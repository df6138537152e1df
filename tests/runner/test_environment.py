"""What the script finds in its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runner.conftest import Start
from tests.runner.fake_service import FakeService
from towline_runner import environment
from towline_runner.identity import Identity

BUILDER = Identity(1000, 1000, [1000], "builder", "/home/builder")
NOBODY = Identity(4242, 0, [], None, None)


def lines(service: FakeService) -> dict[str, str]:
    pairs = [line.partition("=") for line in service.log.decode().split("\0") if line]
    return {name: value for name, _, value in pairs}


def test_outside_a_container_only_a_short_list_comes_from_around(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    service.work |= {
        "command": ["cat", "/proc/self/environ"],
        "env": {"MINE": "ünïcode", "TZ": None},
        "secrets": {"KEY": "abcd1234"},
    }
    around = {"LANG": "C.UTF-8", "LC_TIME": "C", "AWS_SECRET": "x", "TZ": "UTC", "SHLVL": "7"}
    assert start(around).wait() == 0
    got = lines(service)
    assert got.pop("PATH")
    assert got.pop("HOME") == str(tmp_path / "home")
    assert got == {"LANG": "C.UTF-8", "LC_TIME": "C", "MINE": "ünïcode", "KEY": "***"}


def test_the_interpreter_adds_nothing_in_the_c_locale(service: FakeService, start: Start) -> None:
    service.work |= {"command": ["cat", "/proc/self/environ"]}
    assert start().wait() == 0
    assert set(lines(service)) == {"PATH", "HOME"}


def test_a_container_passes_its_own_but_not_ours_nor_a_shells_state() -> None:
    image = {
        b"PATH": b"/opt/bin",
        b"APP": b"1",
        b"SSL_CERT_FILE": b"/etc/own.pem",
        b"TOWLINE_TOKEN": b"x",
        b"BASH_ENV": b"x",
        b"BASH_FUNC_ls%%": b"() { :; }",
        b"SHLVL": b"3",
        b"_": b"x",
        b"LD_PRELOAD": b"",
        b"TOWLINE_IMAGE_LD_PRELOAD": b"/lib/own.so",
    }
    assert environment.base(image, in_container=True) == {
        b"PATH": b"/opt/bin",
        b"APP": b"1",
        b"SSL_CERT_FILE": b"/etc/own.pem",
        b"LD_PRELOAD": b"/lib/own.so",
    }


@pytest.mark.parametrize(
    ("given", "identity", "dropped", "home"),
    [
        ({b"HOME": b"/root"}, BUILDER, True, b"/home/builder"),
        ({b"HOME": b"/data"}, BUILDER, True, b"/data"),  # the image's own choice
        ({b"HOME": b"/root"}, BUILDER, False, b"/root"),
        ({}, BUILDER, False, b"/home/builder"),
        ({b"HOME": b"/root"}, NOBODY, True, b"/"),
    ],
)
def test_home_is_the_jobs_users(
    given: dict[bytes, bytes], identity: Identity, dropped: bool, home: bytes
) -> None:
    made = environment.build(
        given, in_container=True, identity=identity, dropped=dropped, env={}, secrets={}
    )
    assert made == {b"HOME": home, b"PATH": environment.DEFAULT_PATH}


def test_the_jobs_own_word_is_last() -> None:
    made = environment.build(
        {b"PATH": b"/x"},
        in_container=True,
        identity=BUILDER,
        dropped=True,
        env={"HOME": None, "PATH": None, "SHELLOPTS": "errexit", "a.b": "1"},
        secrets={"S": "t"},
    )
    assert made == {b"SHELLOPTS": b"errexit", b"a.b": b"1", b"S": b"t"}
