"""The tables of docs/costs.md, computed: ``python -m bench costs`` prints them.

``python -m bench costs --write`` puts them into the page; a test says when that is wanted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench import aws_prices as prices
from bench.aws_prices import Price
from bench.aws_requests import Requests, count_requests
from chalicelib.aws.job_items import OPEN_SHARDS
from chalicelib.domain.cost import task_cost_usd
from chalicelib.domain.fargate_shapes import FargateShape

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "costs.md"
JOBS = 1000
MINUTES = 5
MONTH_MINUTES = 730 * 60

SHAPES = (FargateShape(1024, 2048), FargateShape(2048, 4096))
CHUNKS = 30
"""Log chunks of a job: one for each two seconds in which it prints, here a minute's worth."""
CONSOLE_GB = 100e3 / 1e9
"""The operators' copy of its output in CloudWatch."""
EVENTS = 3
"""Task state changes with desired status STOPPED of one task."""
REAPER_QUERIES = 2 * OPEN_SHARDS + 3
"""Jobs that run, jobs that wait; then schedules, deliveries and builds."""
API_S, LAUNCH_S, EVENT_S, REAP_S = 0.03, 0.5, 0.05, 0.4
"""Seconds that a warm function takes; to be checked on a bill."""
API_GB, OTHER_GB = 1.0, 0.5
"""Memory of the functions, as in infra/service/functions.yaml."""


def compared() -> list[str]:
    """What a thousand jobs cost on Fargate and on its peers, compute alone."""
    rows = []
    for shape in SHAPES:
        for arch in ("x86_64", "arm64"):
            for capacity, words in (("on_demand", "on demand"), ("spot", "Spot")):
                usd = task_cost_usd(
                    shape, 60 * MINUTES, prices.REGION, arch=arch, capacity=capacity
                )
                assert usd is not None
                size = f"{shape.cpu // 1024} vCPU, {shape.memory // 1024} GB, {arch}"
                rows.append((f"Towline on Fargate, {words}", size, _usd(JOBS * usd)))
    rows += [(r.name, r.size, _usd(JOBS * MINUTES * r.usd_minute)) for r in prices.RUNNERS]
    return _table(("Where", "Machine", f"{JOBS:,} jobs of {MINUTES} minutes"), rows)


def own_requests(found: Requests) -> list[str]:
    """What Towline's own requests and the rest around them cost for those jobs."""
    kinds = [
        (f"{service}: {operation}", str(number))
        for (service, operation), number in sorted(found.all.items())
    ]
    return _table(("Request", "A job"), [*kinds, ("all of them", str(found.all.total()))])


def around_a_job(found: Requests) -> list[str]:
    writes = found.all[("dynamodb", "UpdateItem")] + found.all[("dynamodb", "PutItem")]
    # Each write of the item is billed by its size; in the index of open jobs an entry goes and one
    # comes, and the two lists follow the state.
    units = writes * (math.ceil(found.item_bytes / 1024) + 2) + 4 * 2
    calls = 3 + found.heartbeats  # submit, claim and report besides
    gb_s = calls * API_S * API_GB + LAUNCH_S * OTHER_GB + EVENTS * EVENT_S * OTHER_GB
    rows = [
        _row("public IPv4 address while it runs", MINUTES / 60, prices.ADDRESS_HOUR),
        _row("log chunks into S3, and their archive", CHUNKS + 1, prices.S3_PUT),
        _row("operators' copy of the output, 100 kB", CONSOLE_GB, prices.LOG_GB),
        _row("API Gateway: submit, claim, heartbeats, report", calls, prices.API_REQUEST),
        _row("DynamoDB: writes, by size and index", units, prices.TABLE_WRITE),
        _row("Lambda: time", gb_s, prices.LAMBDA_GB_S),
        _row("Lambda: invocations", calls + 1 + EVENTS, prices.LAMBDA_REQUEST),
        _row("SQS: send, receive, delete", 3, prices.SQS_REQUEST),
    ]
    total = sum(usd for *_, usd in rows)
    cells = [
        (what, f"{_amount(units)} ({price.unit})", _usd(JOBS * usd))
        for what, units, price, usd in rows
    ]
    return _table(
        ("Besides Fargate", "A job", f"{JOBS:,} jobs"),
        [*cells, ("all of it", "", _usd(JOBS * total))],
    )


def idle() -> list[str]:
    """What a deployment costs in a month without any job."""
    alarms, dashboards, queues = _template()
    passes = MONTH_MINUTES
    rows: list[tuple[str, float, Price]] = [
        ("CloudWatch alarms", alarms, prices.ALARM_METRIC),
        ("CloudWatch dashboard", dashboards, prices.DASHBOARD),
        (
            f"SQS: Lambda's five pollers of {queues} queues, 20 s a poll",
            passes * 5 * 3 * queues,
            prices.SQS_REQUEST,
        ),
        ("Reaper, each minute: time", passes * REAP_S * OTHER_GB, prices.LAMBDA_GB_S),
        ("Reaper: invocations", passes, prices.LAMBDA_REQUEST),
        ("Reaper: queries of an empty index", passes * REAPER_QUERIES / 2, prices.TABLE_READ),
        ("Reaper: its log lines, half a kB a pass", passes * 500 / 1e9, prices.LOG_GB),
        ("ECR: the runner's image, 100 MB, three versions", 0.3, prices.ECR_GB),
        ("DynamoDB: 10,000 finished jobs, with recovery", 0.03, prices.TABLE_GB),
        ("S3: packages, and 10,000 logs of 100 kB", 1.02, prices.S3_GB),
    ]
    cells = [
        (
            what,
            f"{_amount(units)} ({price.unit})",
            _usd(price.cost(units)),
            _usd(price.after_allowance(units)),
        )
        for what, units, price in rows
    ]
    sums = [sum(p.cost(u) for _, u, p in rows), sum(p.after_allowance(u) for _, u, p in rows)]
    return _table(
        ("Idle", "A month", "List price", "After what is free for ever"),
        [*cells, ("all of it", "", *map(_usd, sums))],
    )


def tables() -> dict[str, str]:
    """Every table of the page by its name."""
    found = count_requests(60.0 * MINUTES)
    lines = {
        "compared": compared(),
        "requests": own_requests(found),
        "around": around_a_job(found),
        "idle": idle(),
    }
    return {name: "\n".join(rows) for name, rows in lines.items()}


def written(page: str, made: dict[str, str]) -> str:
    """The page with its tables, each between two comments that name it, as they are computed."""
    for name, table in made.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        _, found, after = rest.partition(end)
        assert found, f"the page has no place for the table {name!r}"
        page = f"{before}{begin}{table}{end}{after}"
    return page


def run(*, write: bool = False) -> None:
    made = tables()
    print("\n\n".join(made.values()))
    if write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")


def _template() -> tuple[int, int, int]:
    """Metrics of alarms, dashboards, and queues that Lambda polls, as the template makes them."""
    alarms = dashboards = queues = 0
    for path in sorted((ROOT / "infra" / "service").glob("*.yaml")):
        resources: dict[str, Any] = (yaml.safe_load(path.read_text()) or {}).get("Resources") or {}
        for resource in resources.values():
            if resource.get("Type") == "AWS::CloudWatch::Alarm":
                parts = resource["Properties"].get("Metrics", [{"MetricStat": {}}])
                alarms += sum("MetricStat" in part for part in parts)
            dashboards += resource.get("Type") == "AWS::CloudWatch::Dashboard"
            events = resource.get("Properties", {}).get("Events", {})
            queues += sum(name.endswith("SqsEventSource") for name in events)
    return alarms, dashboards, queues


def _row(what: str, units: float, price: Price) -> tuple[str, float, Price, float]:
    return what, units, price, price.cost(units)


def _amount(units: float) -> str:
    return f"{units:,.0f}" if units >= 100 else f"{units:.3g}"


def _usd(amount: float) -> str:
    return f"${amount:.2f}" if amount >= 0.005 or amount == 0 else f"${amount:.4f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines]
