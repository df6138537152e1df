"""One case through a service: submit, wait, cancel in time, read all of the log, compare."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.verdict import Verdict
from tests.selftest.cases import case, failed
from tests.selftest.fake_service import EVIDENCE, FakeService, finished, waiting
from towline.client.errors import Refused
from towline.selftest.case import Case, Ending, Limits, OutputRule
from towline.selftest.executor import PATIENCE_S, Result, Waiting, run_case
from towline.selftest.place import Place

PLACE = Place(True, None, None, "/homes")
CANCELLED = Ending(Verdict.CANCELLED)


def run(one: Case, service: FakeService) -> Result:
    submitted: list[dict[str, Any]] = []

    def submit(which: Case, spec: dict[str, Any]) -> str:
        submitted.append(spec)
        return "the-job"

    result = run_case(one, PLACE, service, submit, Waiting(service.pause, service.clock))
    assert len(submitted) == 1
    assert result.job_id == "the-job"
    return result


def test_a_case_that_ends_as_it_should_has_no_differences() -> None:
    service = FakeService([waiting("queued"), waiting("running"), finished()])
    assert run(case(), service).differences == ()


def test_a_wrong_end_is_a_difference_with_the_services_reason() -> None:
    job = finished("errored", cause="runner_lost", detail="it is gone")
    (said,) = run(case(ends=failed(3)), FakeService([job])).differences
    assert said == "ended errored (runner_lost: it is gone), the truth is failed (exit 3)"


def test_the_whole_log_is_read_page_by_page() -> None:
    text = b"0123456789"
    exact = case(output=OutputRule(size=10, exact=text))
    assert run(exact, FakeService([finished()], log_text=text)).differences == ()


def test_a_hole_in_the_log_is_a_difference() -> None:
    result = run(case(), FakeService([finished()], log_text=b"x", gap=5))
    assert result.differences == ("5 bytes of the log never arrived",)


@pytest.mark.parametrize(
    ("attempt", "missing"),
    [
        ({**EVIDENCE, "report": None}, "the runner's report"),
        ({**EVIDENCE, "stop": None}, "the engine's exit code"),
        ({**EVIDENCE, "stop": {"exit_code": None}}, "the engine's exit code"),
    ],
)
def test_a_verdict_without_both_witnesses_is_a_difference(
    attempt: dict[str, Any], missing: str
) -> None:
    (said,) = run(case(), FakeService([finished(attempts=[attempt])])).differences
    assert said == f"{missing} is missing from the evidence"


def test_an_errored_job_needs_no_witnesses() -> None:
    errored = case(ends=Ending(Verdict.ERRORED))
    assert run(errored, FakeService([finished("errored", attempts=[])])).differences == ()


def test_the_time_counts_from_the_claim_to_the_verdict() -> None:
    slow = finished(finished_at="2030-01-01T00:00:30Z")
    (said,) = run(case(limits=Limits(wall_s=10)), FakeService([slow])).differences
    assert said.startswith("took 30.0 s, it may take 10 s")


def test_a_cancel_comes_so_long_after_the_start() -> None:
    service = FakeService(
        [waiting("queued"), waiting("starting"), waiting("running")],
        after_cancel=finished("cancelled"),
    )
    cancelled = case(ends=CANCELLED, limits=Limits(cancel_after_s=1.5))
    assert run(cancelled, service).differences == ()
    assert "running at 2" in service.events
    assert "cancel at 3.5" in service.events


def test_a_job_that_ended_before_the_cancel_is_cancelled_all_the_same_and_keeps_its_end() -> None:
    job = finished("failed", exit_code=4)
    service = FakeService([job], refuses_cancel=True)
    quick = case(ends=failed(4), limits=Limits(cancel_after_s=1.5))
    assert run(quick, service).differences == ()
    assert "cancel at 1.5" in service.events


def test_another_refusal_of_the_cancel_is_not_swallowed() -> None:
    class Forbidding(FakeService):
        def cancel(self, job_id: str) -> dict[str, Any]:
            raise Refused(403, "forbidden", "you may not", None)

    service = Forbidding([waiting("running")])
    with pytest.raises(Refused):
        run(case(limits=Limits(cancel_after_s=1)), service)


def test_a_job_without_an_end_is_given_up_and_cancelled() -> None:
    service = FakeService([waiting("running")])
    (said,) = run(case(limits=Limits(timeout_s=30)), service).differences
    assert said == f"no verdict within {30 + PATIENCE_S:.0f} s"
    assert service.events[-1] == f"cancel at {30 + PATIENCE_S:g}"
