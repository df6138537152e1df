"""A case becomes a job that the service accepts, with all that the case presupposes."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.spec import JobSpec
from tests.selftest.cases import case
from towline.selftest.as_job import engine_options, job_spec
from towline.selftest.case import Case, CaseFile, Limits
from towline.selftest.content import Content
from towline.selftest.place import Place
from towline.selftest.toml_format import load_toml_corpus

PLACE = Place(True, "an-image", "1234", "/homes")
HOME = "/homes/x/home"


def files(spec: dict[str, Any]) -> dict[str, tuple[bytes, str | None]]:
    return {
        file["path"]: (base64.b64decode(file.get("content_base64", "")), file.get("mode"))
        for file in spec["files"]
    }


@pytest.mark.parametrize("one", load_toml_corpus(), ids=lambda one: one.name)
def test_every_case_of_the_corpus_is_a_job_that_the_service_accepts(one: Case) -> None:
    spec = JobSpec.model_validate(job_spec(one, PLACE, HOME))
    assert spec.command or spec.script_bytes == one.script.data


def test_the_script_its_mode_and_its_shell() -> None:
    spec = job_spec(case(script="exit 3\n", run_by=("bash", "-e"), mode="0640"), PLACE, HOME)
    assert base64.b64decode(spec["script_base64"]) == b"exit 3\n"
    assert (spec["shell"], spec["script_mode"]) == (["bash", "-e"], "0640")
    assert (spec["image"], spec["user"]) == ("an-image", "1234")


def test_a_shell_with_a_text_of_its_own_gets_no_path() -> None:
    spec = job_spec(case(script="exit 3\n", run_by=("sh", "-c", ". ./script")), PLACE, HOME)
    assert spec["command"] == ["sh", "-c", ". ./script"]
    assert "script_base64" not in spec
    assert files(spec)["script"] == (b"exit 3\n", "0644")


def test_a_home_is_made_first_with_its_files() -> None:
    content = Content.of(b"exit 0\n")
    spec = job_spec(
        case(
            home=(CaseFile(".bash_logout", content),),
            files=(CaseFile("lib/x", content, "0755"),),
            image_files=(CaseFile("/etc/y", content),),
        ),
        PLACE,
        HOME,
    )
    assert spec["files"][0] == {"path": f"{HOME}/"}
    assert files(spec)[f"{HOME}/.bash_logout"] == (b"exit 0\n", "0644")
    assert files(spec)["lib/x"] == (b"exit 0\n", "0755")
    assert files(spec)["/etc/y"] == (b"exit 0\n", "0644")


def test_the_environment_has_three_variables_and_the_cases_own() -> None:
    spec = job_spec(case(env={"ENV": "@HOME@/.rc", "LANG": None}), PLACE, HOME)
    assert spec["env"]["HOME"] == HOME
    assert spec["env"]["ENV"] == f"{HOME}/.rc"
    assert spec["env"]["LANG"] is None
    assert set(spec["env"]) == {"PATH", "HOME", "LANG", "ENV"}


def test_the_images_home_is_kept_for_cases_without_one_of_their_own() -> None:
    keeping = replace(PLACE, keeps_home=True)
    plain = job_spec(case(), keeping, HOME)
    assert "HOME" not in plain["env"]
    assert plain["files"] == []
    own = job_spec(case(home=(CaseFile(".rc", Content.of(b"")),)), keeping, HOME)
    assert own["env"]["HOME"] == HOME
    mentioned = job_spec(case(env={"ENV": "@HOME@/.rc"}), keeping, HOME)
    assert mentioned["env"] == {**mentioned["env"], "HOME": HOME, "ENV": f"{HOME}/.rc"}


def test_users_go_by_number() -> None:
    assert job_spec(case(user="root"), PLACE, HOME)["user"] == "0:0"
    assert job_spec(case(user="plain"), PLACE, HOME)["user"] == "1000:1000"


def test_limits_arrive() -> None:
    limits = Limits(
        timeout_s=3, silence_s=2, grace_s=0, memory_bytes=96 << 20, pids=40, log_limit_bytes=9000
    )
    spec = job_spec(case(limits=limits), PLACE, HOME)
    assert (spec["timeout_s"], spec["silence_timeout_s"], spec["grace_s"]) == (3, 2, 0)
    assert (spec["memory_mib"], spec["pids_limit"], spec["log_limit_bytes"]) == (96, 40, 9000)


def test_small_file_systems_are_the_engines_affair() -> None:
    assert engine_options(case()) == {}
    small = case(limits=Limits(tmpfs={"/tmp": "1m"}))
    assert engine_options(small) == {"Tmpfs": {"/tmp": "size=1m,mode=1777"}}
