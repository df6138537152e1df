"""``towline costs``: what the jobs of the last days cost, by project."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import Terminal, err, out

DESCRIPTION = """\
Sum up what the jobs submitted since then cost on Fargate, by project.

It is vCPU and memory for the time that each task was billed, at list prices (docs/costs.md):
your bill has discounts, taxes, addresses, logs and requests besides. The service reads its list
of jobs from now back to then, a thousand jobs a request."""

COLUMNS = ("PROJECT", "JOBS", "COST")
COUNTS = ("jobs", "unfinished", "unpriced")

Rendered = dict[str, Any]


def add(commands: Commands) -> None:
    costs = add_command(
        commands,
        "costs",
        "sum up what jobs cost, by project",
        description=DESCRIPTION,
        epilog=ENVIRONMENT,
    )
    costs.add_argument(
        "--since", default="7d", metavar="TIME", help="how far back, as 24h or 7d (%(default)s)"
    )
    costs.add_argument("--project", help="only of this project")
    costs.add_argument("--json", action="store_true", help='as JSON: {"projects": […], …}')
    add_connection_options(costs)
    costs.set_defaults(run=show_costs)


def show_costs(args: argparse.Namespace) -> int:
    from towline.cli.jobs_view import now_utc

    since = begin(args.since, now_utc())
    parts = list(connect(args).costs(since.isoformat(), args.project))
    projects = added_up(parts)
    prices_of = parts[-1]["prices_of"]
    if args.json:
        total = round(sum(entry["cost_usd"] for entry in projects), 6)
        found = {"since": since.isoformat(), "prices_of": prices_of}
        print(json.dumps({**found, "cost_usd": total, "projects": projects}, indent=2))
    elif projects:
        print("\n".join(table(projects, out())))
        err().say(remark(projects, prices_of))
    else:
        err().say(f"no jobs were submitted in the last {args.since}")
    return 0


def begin(text: str, now: datetime) -> datetime:
    """The time so long ago. Raises ``Problem``."""
    from chalicelib.domain.quantities import QuantityError, parse_duration

    try:
        return now - timedelta(seconds=parse_duration(text))
    except QuantityError as error:
        raise Problem(f"--since: {error}") from None
    except OverflowError:
        raise Problem(f"--since: {text} ago is before all calendars") from None


def added_up(parts: Iterable[Mapping[str, Any]]) -> list[Rendered]:
    """The parts of a sum as one, the dearest project first."""
    sums: dict[str, Rendered] = {}
    for part in parts:
        for entry in part["projects"]:
            name = entry["project"]
            found = sums.setdefault(
                name, {"project": name, **dict.fromkeys(COUNTS, 0), "cost_usd": 0.0}
            )
            for count in COUNTS:
                found[count] += entry[count]
            found["cost_usd"] = round(found["cost_usd"] + entry["cost_usd"], 6)
    return sorted(sums.values(), key=lambda entry: (-entry["cost_usd"], entry["project"]))


def table(projects: Sequence[Rendered], terminal: Terminal) -> list[str]:
    """A header, a line for each project, and the sum when there are several."""
    rows = [(p["project"], str(p["jobs"]), dollars(p["cost_usd"])) for p in projects]
    if len(projects) > 1:
        jobs, cost = (sum(p[name] for p in projects) for name in ("jobs", "cost_usd"))
        rows.append(("all", str(jobs), dollars(cost)))
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    lines = [
        f"{name.ljust(widths[0])}  {count.rjust(widths[1])}  {cost.rjust(widths[2])}"
        for name, count, cost in (COLUMNS, *rows)
    ]
    return [terminal.paint(lines[0], "bold"), *lines[1:]]


def remark(projects: Sequence[Rendered], prices_of: str) -> str:
    """What the sum is made of, and which jobs are not in it."""
    unfinished, unpriced = (sum(p[name] for p in projects) for name in COUNTS[1:])
    words = f"Fargate's list prices of {prices_of}"
    if unfinished:
        words += f"; not over yet, so not in it: {unfinished}"
    if unpriced:
        words += f"; never ran on Fargate, so not in it: {unpriced}"
    return words


def dollars(usd: float) -> str:
    """An amount as people read it: cents matter for a sum, fractions of them for one job."""
    return f"${usd:,.2f}" if usd >= 1 or usd == 0 else f"${usd:.4f}"
