"""One walk: many jobs through chaos, then calm, then the reckoning."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop
from chalicelib.domain.job import State
from chalicelib.domain.spec import JobSpec
from chalicelib.domain.verdict import Verdict
from chalicelib.usecases.dispatcher import Dispatcher
from tests.model import engine as endings
from tests.model.effects import FaultyBackend, FaultyQueue, WatchedStore
from tests.model.engine import Container, Engine
from tests.model.oracle import status
from tests.model.runner import Runner, Script
from tests.model.slots import LIMIT, PROJECT, WatchedSlots
from tests.model.timeline import Timeline
from tests.model.truth import JobTruth, TaskTruth
from tests.usecases.world import World

CHAOS_S = 1500
MAX_TICKS = 400
FATES = {
    "script": 48,
    "cancel": 12,
    "spot": 6,
    "host": 4,
    "forgotten": 4,
    "memory": 4,
    "runner dies": 4,
    "no code": 3,
    "no image": 2,
    "no registry": 4,
    "never claims": 2,
    "refused": 2,
    "short queue": 3,
}
CODES = [ProcessExit(code=code) for code in (0, 0, 0, 0, 1, 2, 120, 121, 137, 143)]
EXITS = [*CODES, ProcessExit(signal=9), ProcessExit(signal=11)]
OTHER_ENDS = (EndedBy.TIMEOUT, EndedBy.SILENCE, EndedBy.NOT_STARTED)


class Walk:
    """All of it follows from the seed."""

    def __init__(self, world: World, seed: int, jobs: int) -> None:
        self.world = world
        self.line = Timeline(world, seed)
        self.truth = self.line.truth
        self.chance = self.line.chance
        self.big_jump = False
        real = world.dispatcher.collaborators
        self.engine = Engine(self.line, self._tell, self._begin)
        world.dispatcher.put_project(PROJECT, {"max_jobs": LIMIT})
        store = WatchedStore(real.store, self.line)
        self.slots = WatchedSlots(real.slots, store, self.line)
        self.dispatcher = Dispatcher(
            replace(
                real,
                store=store,
                slots=self.slots,
                queue=FaultyQueue(self.line, self._take),
                backend=FaultyBackend(self.engine, self.line),
            )
        )
        for number in range(jobs):
            self._plan(f"key-{number}")
        self._plan_world()

    def run(self) -> Counter[str]:
        """The figures; ``truth.faults`` has what must not be."""
        while (at := self.line.next_at) is not None and at < CHAOS_S:
            self.line.run_next()
        self.line.calm = True
        self._settle()
        self._reckon()
        return self.truth.figures

    # --- plans ---

    def _plan(self, key: str) -> None:
        [fate] = self.chance.choices(list(FATES), list(FATES.values()))
        job = self.truth.jobs[key] = JobTruth(key, fate, refused=fate == "refused")
        exited, ended_by = self.chance.choice(EXITS), EndedBy.SCRIPT
        if self.chance.random() < 0.1:
            ended_by = self.chance.choice(OTHER_ENDS)
            exited = ProcessExit() if ended_by is EndedBy.NOT_STARTED else exited
        job.script = Report(exit=exited, ended_by=ended_by)
        spec = JobSpec(
            script="true",
            project=PROJECT if key.endswith(("2", "5", "7", "8")) else "default",
            image="app:1",
            timeout_s=600,
            grace_s=10,
            retry_lost=self.chance.choice([0, 0, 1, 2]),
            capacity="spot" if fate == "spot" else self.chance.choice(["spot", "on_demand"]),
            queue_timeout_s=45 if fate == "short queue" else 86400,
        )
        self.line.later(self.chance.uniform(0, CHAOS_S * 0.8), lambda: self._submit(job, spec, 1))

    def _plan_world(self) -> None:
        for _ in range(2):
            self.line.later(self.chance.uniform(0, CHAOS_S), self._clock_jumps)
        self.line.later(60, self._tick)

    def _clock_jumps(self) -> None:
        seconds = self.chance.choice([30, 100, 100, 300, 1000])
        self.big_jump = self.big_jump or seconds >= 300
        self.world.wait(seconds)
        self.truth.figures["clock jumps"] += 1

    def _submit(self, job: JobTruth, spec: JobSpec, tried: int) -> None:
        def act() -> None:
            made = self.dispatcher.submit(
                spec, submitted_by=job.key, idempotency_key=job.key if keyed else None
            )
            job.accepted = made.id

        keyed = job.key.endswith(("1", "4", "7"))
        if not self.line.lambda_lives(act):
            if tried < 4 and keyed:  # another try without a key would be another job
                self.line.later(2, lambda: self._submit(job, spec, tried + 1))
        elif job.fate == "cancel":
            late = self.chance.choice([0, 1, 4, 30, 100, 300])
            self.line.later(late, lambda: self._cancel(job, 1))

    def _cancel(self, job: JobTruth, tried: int) -> None:
        assert job.accepted is not None
        job_id, job.cancel_asked = job.accepted, True
        self.truth.figures["cancels"] += 1
        done = self.line.lambda_lives(lambda: self.dispatcher.cancel(job_id))
        if tried < 3 and (not done or self.line.maybe(0.2)):
            self.line.later(3, lambda: self._cancel(job, tried + 1))

    def _tick(self) -> None:
        # A pass that has nothing to do costs eight queries, which is much over moto.
        if self._due_in() <= 1 or any(c.truth.alive for c in self.engine.containers.values()):
            self.line.lambda_lives(self.dispatcher.reap)
        if not self.line.calm:
            self.line.later(self.chance.choice([60, 60, 60, 180]), self._tick)

    # --- the engine's side ---

    def _take(self, job_id: str) -> None:
        self.dispatcher.take_message(job_id)

    def _tell(self, job_id: str, attempt: int, stop: Stop) -> object:
        return self.dispatcher.observe_stop(job_id, attempt, stop)

    def _fate_of(self, task: TaskTruth, fate: str) -> str:
        if task.request.attempt > 1 and self.chance.random() < 0.5:
            return "script"
        if fate == "spot" and task.request.capacity != "spot":
            self.truth.figures["saved from spot"] += 1
            return "script"
        return fate

    def _begin(self, box: Container) -> None:
        """A new container goes its way; a first attempt by its job's fate, later ones by chance."""
        task, later = box.truth, self.line.later
        job = self.truth.jobs[self.truth.latest[task.request.job_id].submitted_by]
        fate = task.wants = self._fate_of(task, job.fate)
        assert job.script is not None
        script = Script(job.script, self.chance.choice([0.1, 1, 5, 30, 100, 200]))
        runner = Runner(self.line, self.engine, self.dispatcher, box, script)
        runner.code_known = fate != "no code"
        pulled = self.chance.choice([0.0, 0.5, 3, 20])
        soon = pulled + self.chance.choice([0.05, 1, 5, 30, 100])
        if fate == "no image":
            later(pulled, lambda: self.engine.end(box, None, endings.NO_IMAGE))
        elif fate == "no registry":
            later(pulled, lambda: self.engine.end(box, None, endings.NO_REGISTRY))
        elif fate == "never claims":
            later(pulled, lambda: setattr(task, "state", "running"))
        else:
            later(pulled, runner.start)
        if fate == "spot":
            later(soon, lambda: self.engine.term(box, endings.BY_SPOT, 120))
        elif fate == "host":
            later(soon, lambda: self.engine.end(box, None, endings.BY_HOST))
        elif fate == "forgotten":
            later(soon, lambda: self.engine.forget(box))
        elif fate == "memory":
            later(soon, lambda: self.engine.end(box, 137, endings.BY_MEMORY))
        elif fate == "runner dies":
            code = self.chance.choice([0, 0, 1, 137, 139])
            later(soon, lambda: self.engine.end(box, code))

    # --- calm ---

    def _settle(self) -> None:
        """No more faults: time moves on to whatever is due next, and all must come to an end."""
        for _ in range(MAX_TICKS):
            due = self._due_in()
            while (at := self.line.next_at) is not None and at <= self.line.elapsed + due:
                self.line.run_next()
                due = self._due_in()
            if not self._open():
                break
            self.line.move_to(self.line.elapsed + due)
            self._tick()
        else:
            self.truth.wrong(f"no end in sight after {MAX_TICKS} ticks: {self._open()}")
        while self.line.next_at is not None:  # what is late now must change nothing
            self.line.run_next()

    def _due_in(self) -> float:
        dues = [job.due_at for job in self.truth.latest.values() if job.state is not State.FINISHED]
        if None in dues:
            self.truth.wrong("an unfinished job is never due")
        waits = [(due - self.world.now).total_seconds() for due in dues if due is not None]
        orphans = [60.0] if any(c.truth.alive for c in self.engine.containers.values()) else []
        return max(1.0, min([*waits, *orphans], default=60.0))

    def _open(self) -> list[str]:
        jobs = [job.id for job in self.truth.latest.values() if job.state is not State.FINISHED]
        boxes = self.engine.containers.values()
        return jobs + [box.truth.task_id for box in boxes if box.truth.alive]

    # --- the reckoning ---

    def _reckon(self) -> None:
        self.slots.must_agree()
        if held := self.world.dispatcher.slots(PROJECT).holders:
            self.truth.wrong(f"all is over, and these have slots: {sorted(held)}")
        by_key: dict[str, str] = {}
        for job_id, last in self.truth.latest.items():
            job = self.world.get(job_id)
            made = self.truth.jobs[job.submitted_by]
            if job != last or job.state is not State.FINISHED or job.verdict is None:
                self.truth.wrong(f"{job_id}: is not what its last write left: {job}")
                continue
            if by_key.setdefault(made.key, job_id) != job_id:
                self.truth.wrong(f"{made.key} was made into two jobs")
            self.truth.figures["jobs"] += 1
            self.truth.figures[f"verdict {job.verdict.value}"] += 1
            self._must_be_the_scripts_own(made, job_id)
        for made in self.truth.jobs.values():
            if made.accepted is not None and made.accepted not in self.truth.ended:
                self.truth.wrong(f"{made.accepted} was accepted and has no end")

    def _must_be_the_scripts_own(self, made: JobTruth, job_id: str) -> None:
        """Whatever the service went through: a job that was left alone has its script's verdict."""
        job, told = self.truth.ended[job_id], made.script
        tasks = [
            t for n in range(1, job.attempt + 1) for t in self.truth.tasks.get((job_id, n), [])
        ]
        attempt = job.current
        if made.fate != "script" or self.big_jump or told is None or attempt is None:
            return
        halves = any(stop.exit_code is None for task in tasks for stop in task.stops)
        if any(task.disturbed for task in tasks) or halves:
            return
        self.truth.figures["undisturbed"] += 1
        wanted = Verdict.PASSED if told.exit.code == 0 else Verdict.FAILED
        if told.ended_by is EndedBy.NOT_STARTED:
            wanted = Verdict.ERRORED
        elif told.ended_by is not EndedBy.SCRIPT:
            wanted = Verdict.TIMED_OUT
        if job.verdict is not wanted or job.attempt != 1 or len(tasks) != 1:
            self.truth.wrong(f"{job_id}: nothing befell it, it ended with {status(told)}: {job}")
