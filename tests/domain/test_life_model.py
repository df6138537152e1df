"""A job driven by everybody at once: launchers, runners, engine, reaper, late and stale ones.

Each walk is chance, but repeatable: a failure names its seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from chalicelib.domain import transitions
from chalicelib.domain.change import Change
from chalicelib.domain.decide import decide, decide_overdue
from chalicelib.domain.decide_table import RULES
from chalicelib.domain.decision import Finish, Retry, Send, Wait
from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop, TaskState
from chalicelib.domain.job import Job, State
from chalicelib.domain.retry_policy import MAX_ATTEMPTS
from chalicelib.domain.verdict import Verdict
from tests.domain.dict_store import NotHeld, apply_to, as_dict, as_job
from tests.domain.samples import NOW, queued_job
from tests.domain.strategies import REASONS, STOP_CODES
from tests.domain.test_evidence_orders import RESULT, check_truth, reap_to_the_end

RETRY_LOST = 1
EXITS = (ProcessExit(code=0), ProcessExit(code=1), ProcessExit(code=137), ProcessExit(signal=9))
STATUSES = (None, 0, 1, 120, 121, 137)


class JobLife:
    """Anything may come at any time: conditions alone keep the job's life straight."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - chance that can be repeated
        self.now: datetime = NOW
        self.stored: dict[str, Any] = as_dict(queued_job(retry_lost=RETRY_LOST))
        self.snapshots: list[Job] = [as_job(self.stored)]
        self.result: dict[str, Any] | None = None
        self.kept: dict[tuple[str, str], Any] = {}
        # Often what is in order, as a walk of pure chance never comes far.
        self.actions: list[tuple[int, Callable[[], object]]] = [
            (4, self.time_passes),
            (4, self.a_launcher_begins),
            (4, self.a_task_is_recorded),
            (1, self.a_launch_is_refused_for_now),
            (1, self.a_launch_is_put_off),
            (5, self.a_runner_claims),
            (2, self.a_runner_beats),
            (3, self.a_runner_reports),
            (4, self.the_engine_tells),
            (1, self.somebody_cancels),
            (3, self.somebody_decides),
            (2, self.somebody_decides_on_what_was_read_long_ago),
            (2, self.a_slow_reaper_passes),
        ]

    def walk(self, steps: int) -> None:
        weights = [weight for weight, _ in self.actions]
        for _ in range(steps):
            [(_, act)] = self.chance.choices(self.actions, weights)
            act()
            self.check()
        self.stored = reap_to_the_end(self.stored, TaskState.RUNNING)
        self.check()

    # --- what may happen ---

    def time_passes(self) -> None:
        self.now += timedelta(seconds=self.chance.choice([1, 1, 5, 5, 30, 30, 120, 900, 4000]))

    def a_launcher_begins(self) -> None:
        change = transitions.begin_attempt(self.number(ahead=1), release="r", now=self.now)
        assert not self.apply(change) or "cancel_requested_at" not in self.stored

    def a_task_is_recorded(self) -> None:
        number = self.number()
        self.apply(transitions.record_task(number, f"task-{number}", now=self.now))

    def a_launch_is_refused_for_now(self) -> None:
        tried = self.chance.choice([1, 2])
        self.apply(transitions.next_launch_try(self.number(), tried, now=self.now))

    def a_launch_is_put_off(self) -> None:
        retry_at = self.now + timedelta(seconds=60)
        self.apply(transitions.put_off(self.number(), now=self.now, retry_at=retry_at))

    def a_runner_claims(self) -> None:
        number = self.number()
        if self.apply(transitions.claim(number, self.nonce(), now=self.now, lease_s=90)):
            assert (self.stored["state"], self.stored["attempt"]) == (State.RUNNING, number)
            assert "cancel_requested_at" not in self.stored

    def a_runner_beats(self) -> None:
        change = transitions.renew(
            self.number(), self.nonce(), now=self.now, lease_s=90, log_bytes=1
        )
        self.apply(change)

    def a_runner_reports(self) -> None:
        ended_by = self.chance.choice([EndedBy.SCRIPT] * 6 + list(EndedBy))
        exited = self.chance.choice(EXITS)
        if ended_by in (EndedBy.NOT_STARTED, EndedBy.CHECKOUT_FAILED):
            exited = ProcessExit()
        told = Report(exit=exited, ended_by=ended_by)
        self.apply(transitions.record_report(self.number(), self.nonce(), told, now=self.now))

    def the_engine_tells(self) -> None:
        number = self.number()
        code = self.chance.choice(STATUSES)
        attempt = self.stored["attempts"].get(str(number), {})
        if self.chance.random() < 0.6 and "report" in attempt:
            code = Report.model_validate(attempt["report"]).exit.as_container_status
        seen = Stop(
            task_id="foreign" if self.chance.random() < 0.1 else f"task-{number}",
            version=self.chance.randint(1, 4),
            exit_code=code,
            stop_code=self.chance.choice(STOP_CODES),
            reason=self.chance.choice(REASONS),
            oom_killed=self.chance.random() < 0.1,
        )
        self.apply(transitions.record_stop(number, seen, now=self.now))

    def somebody_cancels(self) -> None:
        if self.chance.random() < 0.3:
            self.apply(transitions.request_cancel(now=self.now))

    def somebody_decides(self) -> None:
        job = as_job(self.stored)
        self.carry_out(decide(job, now=self.now, jitter=self.chance.random()), job)

    def somebody_decides_on_what_was_read_long_ago(self) -> None:
        job = self.chance.choice(self.snapshots)
        self.carry_out(decide(job, now=self.now), job)

    def a_slow_reaper_passes(self) -> None:
        job = self.chance.choice(self.snapshots)
        task = self.chance.choice([None, *TaskState])
        self.carry_out(decide_overdue(job, task, now=self.now), job)

    # --- how it is written ---

    def number(self, ahead: int = 0) -> int:
        """Mostly the current attempt; else the one before or after."""
        current = int(self.stored["attempt"]) + ahead
        return max(1, current + self.chance.choice([0, 0, 0, 0, -1, 1]))

    def nonce(self) -> str:
        return self.chance.choice(["a", "a", "a", "b"]) * 32

    def apply(self, change: Change) -> bool:
        try:
            self.stored = apply_to(self.stored, change, now=self.now)
        except NotHeld:
            return False
        self.snapshots.append(as_job(self.stored))
        return True

    def carry_out(self, decision: Finish | Retry | Wait | Send, judged: Job) -> None:
        if isinstance(decision, Finish):
            if self.apply(transitions.finish(judged.attempt, decision, now=self.now)):
                # The verdict must be true of what is stored at the moment it is written.
                attempt = as_job(self.stored).current
                told, seen = (attempt.report, attempt.stop) if attempt else (None, None)
                check_truth(decision, told, seen)
        elif isinstance(decision, Retry):
            retry_at = self.now + timedelta(seconds=decision.delay_s)
            self.apply(transitions.retry(judged.attempt, decision, now=self.now, retry_at=retry_at))
        elif isinstance(decision, Send):
            self.apply(transitions.mark_sent(now=self.now, due_at=decision.look_at))
        elif decision.look_at is not None:
            self.apply(transitions.look_again(judged.attempt, due_at=decision.look_at))

    # --- what must hold after every step ---

    def check(self) -> None:
        finished = self.stored["state"] == State.FINISHED
        result = {name: self.stored.get(name) for name in RESULT}
        if self.result is not None:
            assert result == self.result, "a verdict changed"
        if finished:
            self.result = result
        assert ("due_at" in self.stored) != finished
        assert ("verdict" in self.stored) == finished
        numbers = sorted(int(number) for number in self.stored["attempts"])
        assert numbers == list(range(1, self.stored["attempt"] + 1))
        assert len(numbers) <= MAX_ATTEMPTS + RETRY_LOST
        for number, attempt in self.stored["attempts"].items():
            for name in ("nonce", "report", "task_id"):
                if name in attempt:
                    assert self.kept.setdefault((number, name), attempt[name]) == attempt[name]
            if "stop" in attempt:
                version = attempt["stop"]["version"]
                assert version >= self.kept.get((number, "stop"), 0), "an older stop won"
                self.kept[number, "stop"] = version


def walk_all(seeds: range, steps: int) -> Counter[str]:
    """Walks; how often each rule of the tables has ended a job."""
    rules: Counter[str] = Counter()
    for seed in seeds:
        life = JobLife(seed)
        try:
            life.walk(steps)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        rules[life.stored["rule"]] += 1
        rules[life.stored["verdict"]] += 1
    return rules


def test_a_job_keeps_its_order_whoever_comes_whenever() -> None:
    rules = walk_all(range(600), steps=60)
    # The walks must have come to every kind of end, or they would have proved nothing.
    waiting = {"finished", "queued", "stop_awaited", "under_way"}
    waiting.add("slot_timeout")  # no job here is of a project with a limit
    assert {rule.name for rule in RULES} - waiting <= set(rules), rules
    assert set(Verdict) <= set(rules)


@pytest.mark.soak
def test_a_job_keeps_its_order_in_many_more_walks() -> None:
    walk_all(range(1000, 31000), steps=80)
