"""The operator's page: runbooks are whole, commands exist, figures are the service's."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from chalicelib.domain.blame import Fault
from chalicelib.domain.launch_refusals import PutOff
from chalicelib.domain.retry_policy import LAUNCH_RETRYABLE, LOST
from chalicelib.domain.stop_reasons import Subject
from chalicelib.domain.verdict import Cause, Verdict
from chalicelib.github.refusal import Reason
from chalicelib.observability import METRICS
from chalicelib.usecases.github_trouble import RefusedFor
from tests.infra.deployment import ROOT, parts
from tests.infra.test_alarms import ALARMS, looked_at
from towline.cli.main import build_parser, split_command

PAGE = (ROOT / "docs/operations.md").read_text()
SECTIONS = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
RUNBOOKS = sorted({alarm["AlarmDescription"].rpartition("#")[2] for alarm in ALARMS.values()})


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_says_what_it_means_how_to_look_and_what_to_do(name: str) -> None:
    text = SECTIONS[name]
    parts_of_it = [
        text.index(f"**{head}") for head in ("What it means", "How to look", "What to do")
    ]
    assert parts_of_it == sorted(parts_of_it)
    assert "```sh" in text
    assert f"[{name}](#{name})" in PAGE.split("\n## ")[0], "it is not in the list at the top"


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^##+ (.+)$", PAGE, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def commands() -> list[str]:
    """Every ``towline ...`` with arguments of the page, in blocks and in the text."""
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    text = re.sub(r"```sh\n.*?```", "", PAGE, flags=re.DOTALL)
    quoted = [
        words for words in re.findall(r"`([^`]+)`", text) if re.search(r"towline \S+ ", words)
    ]
    lines = [*shell.splitlines(), *quoted]
    inner = re.findall(r"\$\(([^()]*)\)", "\n".join(lines))
    outer = [re.sub(r"\$\([^()]*\)", "$in", line.partition("  #")[0]) for line in lines]
    # A command ends where the next one of the line begins.
    parts_of_lines = [part for line in [*outer, *inner] for part in re.split(r"[|;]|&&", line)]
    found = [re.search(r"(?:^|\s)towline (?=[a-z])(.*)$", part.strip()) for part in parts_of_lines]
    return [match[1].strip() for match in found if match]


@pytest.mark.parametrize("text", sorted(set(commands())))
def test_every_command_of_ours_is_one_that_exists(text: str) -> None:
    words, _ = split_command(shlex.split(re.sub(r"<[^>]*>|\$\w+", "queued", text), comments=True))
    if words in (["cancel"], ["rerun"]):
        words.append("a-job")  # xargs brings it
    build_parser().parse_args(words)


def test_every_output_that_a_command_asks_for_is_one_of_the_stacks() -> None:
    asked = set(re.findall(r"\(output (\w+)( -data)?", PAGE))
    assert asked
    data = yaml.safe_load((ROOT / "infra" / "data.yaml").read_text())
    there = {(name, "") for name in parts()["Outputs"]}
    assert asked <= there | {(name, " -data") for name in data["Outputs"]}


def test_the_table_has_every_figure_with_its_dimensions() -> None:
    table = PAGE.split("\n## Figures\n")[1]
    rows = dict(re.findall(r"^\| `(\w+)` \|\s*([^|]*?)\s*\|", table, re.MULTILINE))
    shown = {name: re.sub(r": [^;]*|`", "", cell).strip() for name, cell in rows.items()}
    written = {
        name: "; ".join(", ".join(words) or "none" for words in figure.sets)
        for name, figure in METRICS.items()
    }
    assert shown == {name: "" if text == "none" else text for name, text in written.items()}


def combinations() -> int:
    """Metrics that there would be if every word of every dimension had been written."""
    causes = len(Cause)
    ended_by_limit = {Cause.TIMEOUT, Cause.SILENCE}
    without_cause = {Verdict.PASSED, Verdict.FAILED, Verdict.CANCELLED}
    words = {
        "JobsFinished": len(without_cause) + causes + len(Verdict) + 1,
        "JobsErrored": len(Fault),
        # Worth another attempt by the engine's words besides: a runtime that was too slow.
        "AttemptsRetried": len(LAUNCH_RETRYABLE | LOST | {Cause.CONTAINER_START}),
        "PullFailures": len(Subject),
        "LaunchesPutOff": len(PutOff),
        "ClaimsRefused": len({"bad_token", "other_runner", "over", "cancelled"}),
        "DeliveriesRefused": len(Reason),
        "GitHubRefused": len(RefusedFor),
        "RequestsRefused": len({"no_token", "bad_token", "missing_scope"}),
    }
    assert ended_by_limit < set(Cause)
    return sum(words.get(name, 1) for name in METRICS)


def test_the_page_counts_what_metrics_and_alarms_cost() -> None:
    alarms = sum(len(list(looked_at(alarm))) for alarm in ALARMS.values())
    assert f"there would be {combinations()}." in PAGE
    assert f"The {len(ALARMS)} alarms look at {alarms} metrics" in PAGE.replace("\n", " ")
    assert f"{(alarms - 10) * 0.1:.2f} dollars a month. The" in PAGE.replace("\n", " ")
