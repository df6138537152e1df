"""Log lines and figures as CloudWatch gets them."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.observability import METRICS, EmbeddedMetrics
from chalicelib.usecases.count_end import PHASE_FIGURES

ROOT = Path(__file__).resolve().parents[2]

TWO_LINES = """
import logging
from types import SimpleNamespace
from chalicelib import observability
from chalicelib.usecases.context import about
observability.start_logging()
observability.start_logging()
log = logging.getLogger("towline.usecases")
with observability.invocation(SimpleNamespace(aws_request_id="request-7")), about("job-1"):
    log.info("launched as %s", "task-1")
log.warning("about no job")
"""


def test_each_line_is_json_and_names_its_job_and_request() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWO_LINES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["message"], first["job"], first["request"], first["level"]) == (
        "launched as task-1",
        "job-1",
        "request-7",
        "INFO",
    )
    assert second["message"] == "about no job"
    assert second.get("job") is None


def test_a_figure_is_written_with_its_dimensions_and_the_sums_that_alarms_need(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("dev").count("JobsFinished", verdict="errored", cause="image_missing")
    line = json.loads(capsys.readouterr().out)
    assert line["JobsFinished"] == [1.0]
    assert (line["stage"], line["verdict"], line["cause"]) == ("dev", "errored", "image_missing")
    [metrics] = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "Towline"
    assert metrics["Dimensions"] == [["stage", "verdict", "cause"], ["stage", "verdict"], ["stage"]]
    assert metrics["Metrics"] == [{"Name": "JobsFinished", "Unit": "Count"}]
    assert "job" not in line


def test_measured_values_share_a_line_and_have_their_units(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("dev").measure({"QueueSeconds": 1.5, "JobCostUsd": 0.002})
    line = json.loads(capsys.readouterr().out)
    [metrics] = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Dimensions"] == [["stage"]]
    assert metrics["Metrics"] == [
        {"Name": "QueueSeconds", "Unit": "Seconds"},
        {"Name": "JobCostUsd", "Unit": "None"},
    ]
    assert (line["QueueSeconds"], line["JobCostUsd"]) == ([1.5], [0.002])


def test_the_environment_adds_no_dimension_and_moves_no_namespace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "other")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Other")
    EmbeddedMetrics("dev").count("JobsSubmitted")
    [metrics] = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Dimensions"]) == ("Towline", [["stage"]])


@pytest.mark.parametrize("value", [{"NoSuchFigure": 1.0}, {"JobsSubmitted": 1.0}])
def test_a_measured_value_that_is_not_declared_as_one_is_not_written(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, value: dict[str, float]
) -> None:
    EmbeddedMetrics("dev").measure({**value, "RunSeconds": 2.0})
    line = json.loads(capsys.readouterr().out)
    assert line["RunSeconds"] == [2.0]
    assert not set(value) & set(line)
    assert "are not all in METRICS" in caplog.text


@pytest.mark.parametrize(
    ("name", "dimensions"),
    [
        ("NoSuchFigure", {}),
        ("JobsSubmitted", {"project": "acme"}),
        ("ClaimsRefused", {"reason": "01kdzzzzzzzzzzzzzzzzzzzzzz-A"}),
    ],
)
def test_a_figure_with_dimensions_that_are_not_bounded_is_not_written(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    name: str,
    dimensions: dict[str, Any],
) -> None:
    with caplog.at_level(logging.ERROR):
        EmbeddedMetrics("dev").count(name, **dimensions)
    assert capsys.readouterr().out == ""
    assert "is not one of METRICS" in caplog.text


def test_every_figure_that_the_service_counts_is_declared_and_the_other_way_round() -> None:
    text = "".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    counted = set(re.findall(r'meter\.count\(\s*"(\w+)"', text))
    assert counted | {*PHASE_FIGURES.values(), "JobCostUsd"} == set(METRICS)


def test_all_metrics_of_a_figure_are_parts_of_its_dimensions() -> None:
    for name, figure in METRICS.items():
        for dimensions in figure.sets:
            assert set(dimensions) <= set(figure.dimensions), name
        assert len(set(figure.sets)) == len(figure.sets), name


def test_verdicts_and_causes_are_words_that_a_dimension_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    meter = EmbeddedMetrics("dev")
    for verdict in Verdict:
        meter.count("JobsFinished", verdict=verdict.value, cause="none")
    for cause in Cause:
        meter.count("AttemptsRetried", cause=cause.value)
    assert len(capsys.readouterr().out.splitlines()) == len(Verdict) + len(Cause)
