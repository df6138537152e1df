"""The product's own corpus: what it covers, and that its truths are what plain execution gives."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.domain.verdict import Verdict
from towline.selftest.case import Case, Need
from towline.selftest.compare import differences
from towline.selftest.measure import measure, measure_in_container
from towline.selftest.place import DASH_AS_SH, Place, programs_of, why_left_out
from towline.selftest.toml_format import OWN_CORPUS, load_toml_corpus

CORPUS = load_toml_corpus()
GROUPS = sorted({case.group for case in CORPUS})
AT_ONCE = 4
"""Most cases sleep most of the time."""
SCRIPTS_AT_LEAST = 150
SHELLS = ("bash", "dash", "busybox", "mksh", "ksh93", "zsh", "yash", "sh", "python3", "perl")


def here() -> Place:
    names = set().union(*(programs_of(case) for case in CORPUS))
    found = {name for name in names if shutil.which(name)}
    sh = shutil.which("sh")
    if sh and os.path.basename(os.path.realpath(sh)) == "dash":
        found.add(DASH_AS_SH)
    return Place(False, None, None, "/", frozenset(found))


def wrong_truths(cases: list[Case]) -> list[str]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda case: differences(case, measure(case)), cases)
    return [f"{case.name}: {said}" for case, said in zip(cases, found, strict=True) if said]


def test_there_are_many_scripts_in_every_class() -> None:
    scripts = Counter(dict.fromkeys(GROUPS, 0))
    for group, _ in {(case.group, case.script) for case in CORPUS}:
        scripts[group] += 1
    assert sum(scripts.values()) >= SCRIPTS_AT_LEAST
    assert min(scripts.values()) >= 5
    assert len(GROUPS) == len(list(OWN_CORPUS.glob("*.toml")))


def test_every_shell_and_every_end_occurs() -> None:
    assert {case.shell[0] for case in CORPUS if case.shell} >= set(SHELLS)
    assert any(case.shell == () for case in CORPUS)
    assert {case.ends.verdict for case in CORPUS} == set(Verdict)
    assert {case.user for case in CORPUS} == {None, "root", "plain"}
    assert {need for case in CORPUS for need in case.needs} >= {Need.CONTAINER, Need.PID1}


def test_a_choice_of_policy_is_named() -> None:
    assert [case.name for case in CORPUS if bool(case.also) != bool(case.policy)] == []


def test_every_case_says_why() -> None:
    assert [case.name for case in CORPUS if len(case.why) < 5] == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the truths are those of Linux")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", GROUPS)
def test_the_recorded_truth_is_what_plain_execution_gives(group: str) -> None:
    place = here()
    cases = [case for case in CORPUS if case.group == group and why_left_out(case, place) is None]
    assert wrong_truths(cases) == []


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_the_truth_of_cases_for_containers_is_what_a_plain_container_gives(
    base_image: str,
) -> None:
    # Where a runner may be lost, the program that measures may be, too.
    cases = [case for case in CORPUS if case.needs and Verdict.ERRORED not in case.also]
    assert len(cases) >= 20
    found = {case.name: differences(case, measure_in_container(case, base_image)) for case in cases}
    assert {name: said for name, said in found.items() if said} == {}
