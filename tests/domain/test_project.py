"""What a registered project makes of a spec, and what it can't be told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.domain.project import OverCap, Project, check_caps, with_defaults
from chalicelib.domain.spec import JobSpec
from tests.domain.samples import NOW


def project(**fields: Any) -> Project:
    return Project(**{"name": "acme/web", "created_at": NOW, "updated_at": NOW, **fields})


def spec(**fields: Any) -> JobSpec:
    return JobSpec(**{"script": "true", "project": "Acme/Web", **fields})


def test_names_are_lower_case_as_githubs_are_the_same_in_any_case() -> None:
    assert project(name="Acme/Web.js").name == "acme/web.js"
    with pytest.raises(ValidationError, match="letters, digits"):
        project(name="a b")


def test_a_project_without_settings_changes_nothing_but_the_spelling_of_its_name() -> None:
    fitting = with_defaults(project(), spec())
    assert fitting == spec(project="acme/web")


def test_what_the_submitter_left_open_is_the_projects() -> None:
    usual = project(image="debian:12", cpu=4, memory_mib=8192)
    fitting = with_defaults(usual, spec())
    assert (fitting.image, fitting.cpu, fitting.memory_mib) == ("debian:12", 4, 8192)


def test_what_the_submitter_said_stays_even_if_it_is_the_usual_value() -> None:
    usual = project(image="debian:12", cpu=4, memory_mib=8192)
    said = spec(image=None, cpu=1.0, memory_mib=2048)
    fitting = with_defaults(usual, said)
    assert (fitting.image, fitting.cpu, fitting.memory_mib) == (None, 1.0, 2048)


def test_a_job_that_asks_for_nothing_is_never_above_a_cap() -> None:
    small = project(max_cpu=0.25, max_memory_mib=512)
    fitting = with_defaults(small, spec())
    assert (fitting.cpu, fitting.memory_mib) == (0.25, 512)
    check_caps(small, fitting)


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"cpu": 2.5}, "cpu", "allows 2 vCPU at most, and the job asks for 2.5"),
        ({"memory_mib": 4097}, "memory_mib", "allows 4096 MiB at most, and the job asks for 4097"),
    ],
)
def test_more_than_a_cap_is_refused_in_words(asked: dict[str, Any], field: str, said: str) -> None:
    capped = project(max_cpu=2, max_memory_mib=4096)
    check_caps(capped, spec(cpu=2, memory_mib=4096))
    with pytest.raises(OverCap, match=said) as refused:
        check_caps(capped, spec(**asked))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "wrong",
    [{"cpu": 3, "max_cpu": 2}, {"memory_mib": 512, "max_memory_mib": 256}, {"max_jobs": 0}],
    ids=str,
)
def test_a_project_can_not_be_at_odds_with_itself(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        project(**wrong)
