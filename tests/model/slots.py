"""The way to a project's slots: each move may be the last that a Lambda does, and is watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.change import Change
from chalicelib.domain.job import Job, State
from chalicelib.project_port import Heir, NoSlot, NotHanded, ProjectSlots, Slots, SlotsFree
from tests.model.effects import CRASH, TROUBLE, WatchedStore
from tests.model.timeline import Timeline

PROJECT = "narrow"
LIMIT = 3
UNDER_WAY = (State.STARTING, State.RUNNING)


@dataclass
class WatchedSlots:
    """``project_port.ProjectSlots``. After each write the truth is held against the table."""

    real: ProjectSlots
    store: WatchedStore
    line: Timeline

    def take(self, job: Job, change: Change, *, now: datetime) -> Job:
        self.line.effect("before take", CRASH, TROUBLE)
        try:
            return self._written(self.real.take(job, change, now=now), "take")
        except NoSlot:
            self._must_be_full()
            raise

    def wait(self, job: Job, change: Change, *, now: datetime) -> Job:
        self.line.effect("before wait", CRASH, TROUBLE)
        self.line.interlude(0.5, 40)  # a slot that is freed just now is what may go wrong
        try:
            made = self.real.wait(job, change, now=now)
        except SlotsFree:
            self.line.truth.figures["slots freed meanwhile"] += 1
            raise
        self.line.truth.figures["jobs that waited"] += 1
        self._must_be_full()
        return self._written(made, "wait")

    def leave(self, job: Job, change: Change, heir: Heir | None, *, now: datetime) -> Job:
        self.line.effect("before leave", CRASH, TROUBLE)
        try:
            made = self.real.leave(job, change, heir, now=now)
        except NotHanded:
            self.line.truth.figures["slots not handed on"] += 1
            raise
        if heir is not None:
            self.line.truth.figures["slots handed on"] += 1
            told = self.store.real.get(heir.job_id)
            assert told is not None
            self.store.watch(told)
        return self._written(made, "leave")

    def hand(self, project: str, heir: Heir, *, now: datetime) -> Job:
        self.line.effect("before hand", CRASH, TROUBLE)
        made = self.real.hand(project, heir, now=now)
        self.line.truth.figures["slots given"] += 1
        return self._written(made, "hand")

    def waiting(self, project: str, *, after: str = "", limit: int = 1) -> Sequence[str]:
        self.line.effect("before waiting", CRASH / 2, TROUBLE / 2)
        found = self.real.waiting(project, after=after, limit=limit)
        self.line.interlude()
        return found

    def read(self, project: str) -> Slots:
        return self.real.read(project)

    def drop_holder(self, project: str, job_id: str) -> bool:
        if self.real.drop_holder(project, job_id):
            self.line.truth.wrong(f"{job_id}: its slot had leaked")
            return True
        return False

    def drop_waiting(self, project: str, job_id: str) -> bool:
        if self.real.drop_waiting(project, job_id):
            self.line.truth.wrong(f"{job_id}: it stood in line and did not wait")
            return True
        return False

    def _written(self, job: Job, what: str) -> Job:
        self.store.watch(job)
        self.must_agree()
        self.line.effect(f"after {what}", CRASH, TROUBLE)
        return job

    def must_agree(self) -> None:
        """Never more than the limit; every job under way has a slot, and no other than such as
        were handed one; who waits stands in line, and nobody else."""
        truth = self.line.truth
        jobs = {j.id: j for j in truth.latest.values() if j.project == PROJECT}
        holders = set(self.real.read(PROJECT).holders)
        running = {j.id for j in jobs.values() if j.state in UNDER_WAY}
        truth.figures["most of a limited project"] = max(
            truth.figures["most of a limited project"], len(running)
        )
        if len(holders) > LIMIT:
            truth.wrong(f"{len(holders)} slots are taken of {LIMIT}")
        if not running <= holders:
            truth.wrong(f"these run without a slot: {sorted(running - holders)}")
        for job_id in holders - running:
            job = jobs[job_id]
            if job.state is not State.QUEUED or job.waiting_since is not None:
                truth.wrong(f"{job_id}: has a slot, and is {job.state}")
        in_line = set(self.real.waiting(PROJECT, limit=len(jobs) + 1))
        waits = {j.id for j in jobs.values() if j.waiting_since is not None}
        if in_line != waits:
            truth.wrong(f"in line and not waiting, or waiting and not in line: {in_line ^ waits}")

    def _must_be_full(self) -> None:
        if len(self.real.read(PROJECT).holders) < LIMIT:
            self.line.truth.wrong("a job does not get a slot that is free")
