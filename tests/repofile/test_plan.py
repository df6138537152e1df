"""A file and an event make a plan: filters, needs, and that no job is ever lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.repofile.filters import EVENT_KINDS
from chalicelib.repofile.needs import faults
from chalicelib.repofile.plan import plan
from chalicelib.repofile.planned import Event, Plan
from chalicelib.repofile.reader import read
from chalicelib.repofile.repository_file import RepositoryFile
from chalicelib.repofile.skip import asks_to_skip


def file_of(when: str = "{}", head: str = "") -> RepositoryFile:
    return read(f"{head}\njobs:\n  x:\n    script: [a]\n    when: {when}\n".encode())


def runs(when: str, **event: Any) -> bool:
    return bool(plan(file_of(when), Event(**{"branch": "main", **event})).jobs)


TAG = {"branch": None, "tag": "v1"}
PR = {"kind": "pull_request"}
NIGHTLY = {"kind": "schedule", "schedule": None}


@pytest.mark.parametrize(
    ("when", "event", "expected"),
    [
        ("{}", {}, True),
        ("{}", TAG, True),
        ("{}", PR, True),
        ("{events: push}", {}, True),
        ("{events: push}", TAG, True),
        ("{events: push}", PR, False),
        ("{events: [schedule, manual]}", {}, False),
        ("{events: [schedule, manual]}", {"kind": "manual"}, True),
        ("{branches: main}", {}, True),
        ("{branches: main}", {"branch": "dev"}, False),
        ("{branches: main}", PR, True),
        ("{branches: main}", {"kind": "manual"}, True),
        # With the one and without the other, the other does not count.
        ("{branches: main}", TAG, False),
        ("{tags: 'v*'}", TAG, True),
        ("{tags: 'w*'}", TAG, False),
        ("{tags: 'v*'}", {}, False),
        ("{tags: 'v*'}", PR, False),
        ("{tags: 'v*', branches: main}", {}, True),
        ("{tags: 'v*', branches: main}", TAG, True),
        ("{paths: 'src/'}", {"paths": ("src/a/b",)}, True),
        ("{paths: 'src/'}", {"paths": ("docs/a",)}, False),
        ("{paths: 'src/'}", {"paths": ()}, False),
        ("{paths: 'src/'}", {"paths": ("docs/a", "src/b")}, True),
        # Everything but documentation: one file that fits is enough.
        ("{paths: ['**', '!docs/']}", {"paths": ("docs/a",)}, False),
        ("{paths: ['**', '!docs/']}", {"paths": ("docs/a", "b")}, True),
        # Not known, or not asked.
        ("{paths: 'src/'}", {"paths": None}, True),
        ("{paths: 'src/'}", {**TAG, "paths": ("docs/a",)}, True),
        ("{paths: 'src/'}", {"kind": "manual", "paths": ("docs/a",)}, True),
        ("{paths: 'src/', branches: dev}", {"paths": ("src/a",)}, False),
        ("{schedules: nightly}", {}, True),
        ("{schedules: nightly}", NIGHTLY, False),
    ],
)
def test_which_events_a_job_is_meant_for(when: str, event: dict[str, Any], expected: bool) -> None:
    assert runs(when, **event) is expected


def test_a_schedule_runs_what_names_it_and_what_names_none() -> None:
    file = read(
        b"schedule: {a: {cron: '@daily'}, b: {cron: '@weekly', branch: dev}}\njobs:\n"
        b"  x: {script: a}\n  y: {script: a, when: {schedules: a}}\n"
        b"  z: {script: a, when: {events: push}}\n"
    )
    assert [schedule.branch for schedule in file.schedules] == [None, "dev"]

    def names(schedule: str) -> list[str]:
        made = plan(file, Event(kind="schedule", branch="main", schedule=schedule))
        return [job.name for job in made.jobs]

    assert (names("a"), names("b"), names("c")) == (["x", "y"], ["x"], [])
    assert "no schedule 'c'" in plan(file, Event(kind="schedule", schedule="c")).reason


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Fix [skip ci]", True),
        ("[ci skip] words\n\nand more", True),
        ("words\n\nbody [CI SKIP]", True),
        ("[no ci]", True),
        ("[ skip  ci ]", True),
        ("[towline skip]", True),
        ("[skip towline]", True),
        ("skip ci", False),
        ("[skip-ci]", False),
        ("[skipci]", False),
        ("", False),
    ],
)
def test_a_commit_may_ask_for_no_build(message: str, expected: bool) -> None:
    assert asks_to_skip(message) is expected
    event = Event(branch="main", message=message)
    assert bool(plan(file_of(), event).reason) is expected
    # Somebody who asks for a build by hand, or by the clock, means it.
    assert plan(file_of(), event.model_copy(update={"kind": "manual"})).jobs


def test_what_needs_a_job_that_does_not_run_does_not_run_either() -> None:
    file = read(
        b"jobs:\n  c: {script: a, needs: b}\n  b: {script: a, needs: a}\n"
        b"  a: {script: a, when: {branches: main}}\n  d: {script: a}\n"
    )
    made = plan(file, Event(branch="dev"))
    assert [job.name for job in made.jobs] == ["d"]
    assert {left.name: left.reason for left in made.left_out} == {
        "a": "no pattern fits the branch 'dev'",
        "b": "it needs a, which does not run",
        "c": "it needs b, which does not run",
    }


def test_a_need_of_a_job_with_a_matrix_means_all_of_it() -> None:
    file = read(b"jobs:\n  a: {script: a, matrix: {v: [1, 2]}}\n  b: {script: a, needs: [a]}\n")
    assert plan(file, Event(branch="main")).jobs[-1].needs == ("a (v=1)", "a (v=2)")


@pytest.mark.parametrize(
    ("value", "event", "expected"),
    [
        ("true", {}, True),
        ("false", {}, False),
        ("['**', '!main']", {}, False),
        ("['**', '!main']", {"branch": "dev"}, True),
        ("['**', '!main']", PR, True),
        ("true", TAG, False),
        ("true", {"kind": "manual"}, False),
        ("true", NIGHTLY, False),
    ],
)
def test_whether_the_build_before_is_cancelled(
    value: str, event: dict[str, Any], expected: bool
) -> None:
    file = file_of(head=f"cancel_previous: {value}")
    assert plan(file, Event(**{"branch": "main", **event})).cancel_previous is expected


def test_a_file_may_be_meant_for_some_events_alone() -> None:
    made = plan(file_of(head="when: {branches: main}"), Event(branch="dev"))
    assert made == Plan(left_out=made.left_out, reason="no pattern fits the branch 'dev'")
    assert [left.name for left in made.left_out] == ["x"]


NAMES = ["a", "b", "c", "d", "e", "f"]
WHENS = ["{}", "{branches: main}", "{tags: 'v*'}", "{events: [push, manual]}", "{paths: 'src/'}"]
EVENTS = st.builds(
    Event,
    kind=st.sampled_from(EVENT_KINDS),
    branch=st.sampled_from(["main", "dev", None]),
    tag=st.sampled_from([None, None, "v1", "x"]),
    message=st.sampled_from(["", "[skip ci]"]),
    paths=st.sampled_from([None, (), ("src/a",), ("docs/a",)]),
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Needs point backwards in an order of its own, so there are no circles."""
    order = draw(st.permutations(NAMES[: draw(st.integers(1, 6))]))
    jobs = {}
    for index, name in enumerate(order):
        needs = draw(st.lists(st.sampled_from(order[:index] or [""]), unique=True, max_size=3))
        lines = [f"needs: [{', '.join(filter(None, needs))}]"]
        lines.append(f"when: {draw(st.sampled_from(WHENS))}")
        if draw(st.booleans()):
            lines.append("matrix: {p: [1, 2], q: [x, y], exclude: [{p: 1, q: y}]}")
        jobs[name] = "".join(f"    {line}\n" for line in ["script: [a]", *lines])
    return "jobs:\n" + "".join(f"  {name}:\n{jobs[name]}" for name in sorted(jobs))


@given(files(), EVENTS)
def test_no_job_is_lost_names_are_unique_and_needs_lead_backwards(text: str, event: Event) -> None:
    file = read(text.encode())
    made = plan(file, event)
    names = [job.name for job in made.jobs]
    left = [out.name for out in made.left_out]
    assert sorted(names + left) == sorted(each.job.name for each in file.jobs)
    assert len(set(names + left)) == len(names + left)
    assert names == [each.job.name for each in file.jobs if each.job.name in names]
    assert all(out.reason for out in made.left_out)
    assert bool(made.jobs) != bool(made.reason)
    # What is needed is in the plan, and nothing waits for itself however far around.
    assert faults({job.name: job.needs for job in made.jobs}) == []
    # The same again: a repeat must be recognised as one.
    assert plan(read(text.encode()), event) == made


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4)))
def test_circles_are_found_exactly_where_they_are(graph: dict[str, list[str]]) -> None:
    """Against taking away what needs nothing until nothing is left."""
    rest = {name: {need for need in needs if need in graph} for name, needs in graph.items()}
    while free := [name for name, needs in rest.items() if not needs]:
        rest = {name: needs - set(free) for name, needs in rest.items() if name not in free}
    found = [text for _, _, text in faults(graph)]
    assert any("circle" in text for text in found) == bool(rest)
    unknown = [need for needs in graph.values() for need in needs if need not in graph]
    assert len([text for text in found if "no job" in text]) == len(unknown)
