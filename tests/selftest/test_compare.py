"""What counts as a difference between a truth and an observation."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from chalicelib.domain.verdict import Verdict
from tests.selftest.cases import PASSED, case, failed
from towline.selftest.case import Ending, Limits, OutputRule
from towline.selftest.compare import WALL_SLACK_S, Observed, differences


def observed(ending: Ending = PASSED, output: bytes = b"", **fields: Any) -> Observed:
    digest = hashlib.sha256(output).hexdigest()
    return Observed(ending=ending, size=len(output), sha256=digest, output=output, **fields)


def test_agreement_is_silent() -> None:
    assert differences(case(), observed()) == []


@pytest.mark.parametrize(
    ("truth", "seen"),
    [
        (PASSED, failed(1)),
        (failed(1), PASSED),
        (failed(137), Ending(Verdict.FAILED, signal=9)),
        (Ending(Verdict.FAILED, signal=9), failed(137)),
        (failed(2), failed(3)),
        (Ending(Verdict.FAILED, signal=2), Ending(Verdict.FAILED, signal=15)),
        (failed(1), Ending(Verdict.ERRORED)),
        (Ending(Verdict.TIMED_OUT), failed(143)),
        (Ending(Verdict.TIMED_OUT), Ending(Verdict.CANCELLED)),
    ],
)
def test_another_end_is_a_difference(truth: Ending, seen: Ending) -> None:
    (said,) = differences(case(ends=truth), observed(seen, detail="a reason"))
    assert said == f"ended {seen} (a reason), the truth is {truth}"


def test_what_a_script_said_after_we_ended_it_is_not_compared() -> None:
    seen = Ending(Verdict.TIMED_OUT, exit_code=0)
    assert differences(case(ends=Ending(Verdict.TIMED_OUT)), observed(seen)) == []


def test_a_policy_may_allow_another_verdict() -> None:
    allowed = case(ends=failed(7), also=frozenset({Verdict.ERRORED}))
    assert differences(allowed, observed(Ending(Verdict.ERRORED))) == []
    assert differences(allowed, observed(Ending(Verdict.CANCELLED))) != []


def test_exact_bytes_are_shown_when_they_differ() -> None:
    rule = OutputRule(size=3, exact=b"a\r\n")
    (said,) = differences(case(output=rule), observed(output=b"a\n"))
    assert said == "said b'a\\n' (2 bytes) instead of b'a\\r\\n'"
    assert differences(case(output=rule), observed(output=b"a\r\r")) != []


def test_size_and_digest_pin_long_outputs() -> None:
    text = b"x" * 10
    rule = OutputRule(size=10, sha256=hashlib.sha256(text).hexdigest())
    assert differences(case(output=rule), observed(output=text)) == []
    assert "said 9 bytes instead of 10" in differences(case(output=rule), observed(output=b"y" * 9))
    (said,) = differences(case(output=rule), observed(output=b"y" * 10))
    assert "not the right ones" in said


def test_words_that_must_and_must_not_occur() -> None:
    rule = OutputRule(contains=(b"in", b"out"), excludes=(b"never",))
    said = differences(case(output=rule), observed(output=b"in and never"))
    assert said == [
        "did not say b'out': b'in and never'",
        "said b'never', which it must not",
    ]


def test_a_bound_on_the_time_has_some_slack() -> None:
    bounded = case(limits=Limits(wall_s=10))
    assert differences(bounded, observed(seconds=10 + WALL_SLACK_S)) == []
    (said,) = differences(bounded, observed(seconds=16, phases="ended at 1.0 s"))
    assert said == "took 16.0 s, it may take 10 s (ended at 1.0 s)"
