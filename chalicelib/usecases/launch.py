"""Start the container of a queued job: what a message on the launch queue asks for."""

from __future__ import annotations

import logging
import math
from datetime import timedelta

from chalicelib.domain import transitions
from chalicelib.domain.decide import decide_refused
from chalicelib.domain.job import Attempt, Job, State
from chalicelib.domain.retry_policy import capacity_of_next_attempt, capacity_of_next_try
from chalicelib.domain.spec import Capacity
from chalicelib.domain.verdict import Cause
from chalicelib.ports import (
    Conflict,
    Launched,
    LaunchOutcome,
    LaunchRequest,
    Refused,
    ServiceTrouble,
    TryLater,
)
from chalicelib.usecases.cancel import carry_out_cancel, stop_task
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.errors import UnknownJob
from chalicelib.usecases.settle import carry_out, settle
from chalicelib.usecases.slots import begin_in_slot
from chalicelib.usecases.submit import load_spec, send

TROUBLE_DELAY_S = 15
"""Until an identical launch is tried again after one whose outcome is not known."""
REPORT_TIME_S = 10
"""What a runner that was told to stop needs beside the script's grace: last chunk and report."""
MAX_STOP_TIMEOUT_S = 120
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""

log = logging.getLogger("towline.usecases")


def launch(co: Collaborators, job_id: str) -> TryLater | None:
    """Start the job's task, unless that was done, is too late or is no longer wanted.

    Gives the backend's answer when it was put off, so that whoever launches many can slow down.

    Repeatable: a message that comes again repeats the identical request, which gives the same task.
    Raises ``UnknownJob`` for an id that was never stored (a poison message) and ``ServiceTrouble``
    when the table can't be reached; anything else ends in the job's own state.
    """
    job = _begin(co, job_id)
    if job is None:
        return None
    attempt = job.current
    if attempt is None:  # begin_attempt has just written it; only a broken table could say this
        raise ServiceTrouble(f"job {job_id} is starting without an attempt")
    if co.clock() >= job.queue_deadline:
        detail = "no task could be started for it before its queue timeout"
        _give_up(co, job, Cause.QUEUE_TIMEOUT, detail, retryable=False)
        return None
    outcome = _ask_backend(co, job, attempt)
    if isinstance(outcome, Launched):
        _record(co, job, attempt, outcome.task_id)
    elif isinstance(outcome, TryLater):
        _put_off(co, job, attempt, outcome)
        return outcome
    else:
        _give_up(co, job, outcome.cause, outcome.detail)
    return None


def _begin(co: Collaborators, job_id: str) -> Job | None:
    """Take the job from ``queued`` to ``starting``, or find the attempt that was left half-way.

    The first attempt is tried without looking, as nearly every message is for one.
    """
    release = co.backend.release()
    number = 1
    capacity: Capacity | None = None
    while True:
        now = co.clock()
        try:
            change = transitions.begin_attempt(number, release=release, now=now, capacity=capacity)
            return co.store.apply(job_id, change, now=now)
        except Conflict as conflict:
            current = conflict.current
        if current is None:
            raise UnknownJob(job_id)
        waits = current.state is State.QUEUED and current.cancel_requested_at is None
        if waits and current.limited:
            return _begin_limited(co, current, release)
        if not waits or current.attempt + 1 <= number:
            return _left_half_way(co, current)
        number = current.attempt + 1
        capacity = capacity_of_next_attempt(current)


def _begin_limited(co: Collaborators, job: Job, release: str) -> Job | None:
    """As above for a job that needs a slot of its project; None when it waits for one."""
    try:
        if co.clock() >= job.queue_deadline:
            settle(co, job)
            return None
        return begin_in_slot(co, job, release)
    except Conflict as conflict:
        if conflict.current is None:
            raise UnknownJob(job.id) from None
        return _left_half_way(co, conflict.current)


def _left_half_way(co: Collaborators, job: Job) -> Job | None:
    """What a message means that finds its job under way: finish what a crash left undone."""
    if job.cancel_requested_at is not None:
        carry_out_cancel(co, job)
        return None
    attempt = job.current
    if job.state is State.STARTING and attempt is not None and attempt.task_id is None:
        return job
    return None


def _ask_backend(co: Collaborators, job: Job, attempt: Attempt) -> LaunchOutcome:
    spec = load_spec(co, job)
    request = LaunchRequest(
        job_id=job.id,
        attempt=attempt.number,
        launch_try=attempt.launch_try,
        token=claim_token(co.server_key.key(), job.id, attempt.number),
        image=spec.image,
        release=attempt.release,
        user=spec.user,
        cpu=spec.cpu,
        memory_mib=spec.memory_mib,
        arch=spec.arch,
        stop_timeout_s=min(MAX_STOP_TIMEOUT_S, math.ceil(spec.grace_s) + REPORT_TIME_S),
        pids_limit=spec.pids_limit,
        project=job.project,
        capacity=job.capacity_of(attempt),
        registry_credentials=spec.registry_credentials,
        role=not job.restricted,
    )
    try:
        return co.backend.launch(request)
    except ServiceTrouble as trouble:
        if not trouble.retryable:
            return Refused(Cause.LAUNCH_REFUSED, str(trouble))
        # Whether it was started is unknown: the same try again finds it if so.
        return TryLater(str(trouble), TROUBLE_DELAY_S, definite=False)


def _record(co: Collaborators, job: Job, attempt: Attempt, task_id: str) -> None:
    now = co.clock()
    try:
        after = co.store.apply(
            job.id, transitions.record_task(attempt.number, task_id, now=now), now=now
        )
    except Conflict as conflict:
        if not _knows(conflict.current, task_id):
            log.warning("the job went on without task %s, which is stopped", task_id)
            stop_task(co, task_id, "the job no longer needs this task")
        return
    log.info("attempt %d runs as task %s", attempt.number, task_id)
    if after.cancel_requested_at is not None:
        stop_task(co, task_id, "the job was cancelled")


def _knows(job: Job | None, task_id: str) -> bool:
    """Whether the job has this task already, running or seen stopped (a fast one may be over)."""
    attempt = job.current if job else None
    if attempt is None:
        return False
    return task_id in (attempt.task_id, attempt.stop.task_id if attempt.stop else None)


def _put_off(co: Collaborators, job: Job, attempt: Attempt, outcome: TryLater) -> None:
    now = co.clock()
    delay_s = co.jittered(outcome.delay_s)
    if outcome.definite:
        change = transitions.next_launch_try(
            attempt.number,
            attempt.launch_try,
            now=now,
            capacity=capacity_of_next_try(job, attempt.launch_try),
        )
    else:
        retry_at = now + timedelta(seconds=delay_s)
        change = transitions.put_off(attempt.number, now=now, retry_at=retry_at)
    try:
        co.store.apply(job.id, change, now=now)
    except Conflict:
        return  # it was cancelled, or another delivery of the message got further
    co.meter.count("LaunchesPutOff", reason=outcome.why.value)
    log.info("the launch is put off by %d s: %s", delay_s, outcome.reason)
    if not send(co, job.id, delay_s=delay_s):
        # The reaper sends it then, not only at the launch deadline.
        due_at = now + timedelta(seconds=delay_s)
        co.store.apply(job.id, transitions.look_again(attempt.number, due_at=due_at), now=now)


def _give_up(
    co: Collaborators, job: Job, cause: Cause, detail: str, *, retryable: bool | None = None
) -> None:
    decision = decide_refused(
        job, cause, detail, now=co.clock(), retryable=retryable, jitter=co.chance()
    )
    try:
        carry_out(co, job, decision)
    except Conflict as conflict:
        state = conflict.current.state.value if conflict.current else "gone"
        log.info("not given up for %s: meanwhile the job is %s", cause.value, state)
