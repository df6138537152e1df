"""What a job's end may be, by what truly happened. Made without the service's own rules.

An end is a verdict and a cause. It is looked at in the moment in which it is written, so that
evidence which came a moment later excuses nothing, and evidence that was there must have counted.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.evidence import EndedBy, Report, Stop
from chalicelib.domain.job import Attempt, Job
from chalicelib.domain.verdict import Cause, Verdict
from tests.model.truth import TaskTruth, Truth

End = tuple[Verdict, Cause | None]
CANCELLED: End = (Verdict.CANCELLED, None)
WORTH_A_LAUNCH = {
    Cause.IMAGE_PULL,
    Cause.LAUNCH_TIMEOUT,
    Cause.RUNNER_NEVER_CLAIMED,
    Cause.SPOT_INTERRUPTED,
    Cause.HOST_LOST,
}
LOST = {Cause.RUNNER_LOST, Cause.SPOT_INTERRUPTED, Cause.HOST_LOST}
SCRIPTS_OWN = {Cause.OUT_OF_MEMORY, *LOST}
MINUTE = timedelta(minutes=1)


def check_end(truth: Truth, before: Job, job: Job) -> None:
    """The verdict that has just been written is one that the truth allows."""
    assert job.verdict is not None
    end: End = (job.verdict, job.cause)
    allowed = allowed_ends(truth, before, job)
    if end not in allowed:
        truth.wrong(
            f"{job.id}: ended as {end}, the truth allows {sorted(map(str, allowed))}: {job}"
        )
    if job.verdict is Verdict.CANCELLED and not truth.jobs[job.submitted_by].cancel_asked:
        truth.wrong(f"{job.id}: nobody had asked to cancel it")
    cause = job.cause
    if job.verdict is Verdict.ERRORED and cause is not None and worth_another(before, cause):
        truth.wrong(f"{job.id}: given up for {cause} though another attempt was due")
    if cause is Cause.SPOT_INTERRUPTED and _failed_by_spot_before(job):
        truth.wrong(f"{job.id}: ended by Spot, which had failed it before")
    task = truth.task_of(job.id, job.attempt)
    if job.verdict in (Verdict.PASSED, Verdict.FAILED):
        _check_scripts_own(truth, job, task)
    elif (job.exit_code, job.signal) != (None, None):
        truth.wrong(f"{job.id}: {end} has a script's status")


def _failed_by_spot_before(job: Job) -> bool:
    """The last attempt is on demand then, so Spot can't end it."""
    earlier = [a for a in job.attempts.values() if a.number < job.attempt]
    return any(a.cause in (Cause.SPOT_INTERRUPTED, Cause.CAPACITY) for a in earlier)


def check_given_up(truth: Truth, before: Job, job: Job) -> None:
    """An attempt was given up and another is due: for a true cause, within the bounds."""
    attempt = job.attempts[str(before.attempt)]
    cause = attempt.cause
    if cause is None:
        truth.wrong(f"{job.id}: given up without a cause")
        return
    if (Verdict.ERRORED, cause) not in allowed_ends(truth, before, job):
        truth.wrong(f"{job.id}: given up for {cause}, which did not happen: {job}")
    if not worth_another(before, cause):
        truth.wrong(f"{job.id}: {cause} was not worth another attempt")
    if job.cancel_requested_at is not None:
        truth.wrong(f"{job.id}: cancelled, yet tried again")
    truth.figures["retries"] += 1


def worth_another(job: Job, cause: Cause) -> bool:
    """Whether another attempt is due after the current one, by the product's promise."""
    attempt = job.current
    if attempt is None or job.cancel_requested_at is not None:
        return False
    earlier = [a for a in job.attempts.values() if a.number < attempt.number]
    if attempt.nonce is None:
        return cause in WORTH_A_LAUNCH and len([a for a in earlier if a.nonce is None]) < 2
    return cause in LOST and len([a for a in earlier if a.nonce is not None]) < job.retry_lost


def _check_scripts_own(truth: Truth, job: Job, task: TaskTruth | None) -> None:
    """Passed and failed are said of a script alone, and of how it truly ended."""
    told = task.report if task else None
    if told is None or task is None or told.ended_by is not EndedBy.SCRIPT:
        truth.wrong(f"{job.id}: {job.verdict}, but its script had not ended by itself")
        return
    if (told.exit.code, told.exit.signal) != (job.exit_code, job.signal):
        truth.wrong(f"{job.id}: its status is not the script's: {told.exit}")
    if (told.exit.code == 0) != (job.verdict is Verdict.PASSED):
        truth.wrong(f"{job.id}: {job.verdict} with {told.exit}")
    if not any(stop.exit_code == status(told) for stop in task.stops):
        truth.wrong(f"{job.id}: {job.verdict}, but the engine never saw {status(told)}")


def allowed_ends(truth: Truth, before: Job, job: Job) -> set[End]:
    """By the evidence in the job at this moment, all of which must be true."""
    made = truth.jobs[job.submitted_by]
    now = job.updated_at
    cancel = job.cancel_requested_at is not None
    ends: set[End] = set()
    attempt = before.current
    if attempt is None or before.state == "queued":
        if cancel:
            return {CANCELLED}
        return {(Verdict.ERRORED, Cause.QUEUE_TIMEOUT)} if now >= before.queue_deadline else ends
    task = truth.task_of(job.id, attempt.number)
    _check_evidence(truth, job, attempt, task)
    if attempt.nonce is None:
        return {CANCELLED} if cancel else _unclaimed(before, attempt, task, made.refused, job)
    if task is None:
        return ends
    if attempt.report and attempt.stop:
        return {_both(attempt.report, attempt.stop, task, cancel)}
    if attempt.stop:
        cause = task.why if task.why in SCRIPTS_OWN else Cause.RUNNER_LOST
        return {CANCELLED if cancel else (Verdict.ERRORED, cause)}
    if attempt.report and attempt.reported_at:
        late = now - attempt.reported_at
        blind = attempt.task_id is None or task.alive
        if (task.forgotten and late >= 2 * MINUTE) or (blind and late >= 32 * MINUTE):
            return {_alone(attempt.report, cancel)}
        return ends
    return _silent(before, attempt, task, cancel, job)


def _check_evidence(truth: Truth, job: Job, attempt: Attempt, task: TaskTruth | None) -> None:
    if task is None:
        if attempt.nonce or attempt.report or attempt.stop:
            truth.wrong(f"{job.id}: evidence of a task that never was")
        return
    if attempt.nonce is not None and attempt.nonce not in task.nonces:
        truth.wrong(f"{job.id}: claimed by nobody that asked")
    if attempt.report is not None and attempt.report != task.report:
        truth.wrong(f"{job.id}: the report is not the runner's")
    if task.acked and attempt.report is None:
        truth.wrong(f"{job.id}: a report was acknowledged and is not there")
    if attempt.stop is not None and attempt.stop not in task.stops:
        truth.wrong(f"{job.id}: the stop is not the engine's")


def _unclaimed(
    before: Job, attempt: Attempt, task: TaskTruth | None, refused: bool, job: Job
) -> set[End]:
    now = job.updated_at
    if attempt.stop is not None and task is not None:
        return {(Verdict.ERRORED, task.why or Cause.RUNNER_NEVER_CLAIMED)}
    ends: set[End] = set()
    if refused:
        ends.add((Verdict.ERRORED, Cause.LAUNCH_REFUSED))
    if attempt.task_id is None and now >= before.queue_deadline:
        ends.add((Verdict.ERRORED, Cause.QUEUE_TIMEOUT))
    if attempt.launched_at is not None:
        waited = now - attempt.launched_at
        if waited >= 15 * MINUTE:
            ends.add((Verdict.ERRORED, Cause.LAUNCH_TIMEOUT))
        if task is not None and task.forgotten and waited >= MINUTE:
            ends.add((Verdict.ERRORED, Cause.RUNNER_NEVER_CLAIMED))
    return ends


def _both(report: Report, stop: Stop, task: TaskTruth, cancel: bool) -> End:
    host = task.why if task.why in LOST else None
    if report.ended_by is EndedBy.TIMEOUT:
        return Verdict.TIMED_OUT, Cause.TIMEOUT
    if report.ended_by is EndedBy.SILENCE:
        return Verdict.TIMED_OUT, Cause.SILENCE
    if report.ended_by is EndedBy.NOT_STARTED:
        return CANCELLED if cancel else (Verdict.ERRORED, Cause.NOT_STARTED)
    if report.ended_by is EndedBy.CHECKOUT_FAILED:
        return CANCELLED if cancel else (Verdict.ERRORED, Cause.CHECKOUT_FAILED)
    if report.ended_by is not EndedBy.SCRIPT:
        return CANCELLED if cancel else (Verdict.ERRORED, host or Cause.RUNNER_LOST)
    if stop.exit_code == status(report):
        return (Verdict.PASSED if report.exit.code == 0 else Verdict.FAILED), None
    if stop.exit_code is not None:
        return Verdict.ERRORED, Cause.WITNESS_MISMATCH
    if host is None:
        return Verdict.ERRORED, Cause.WITNESS_MISSING
    return CANCELLED if cancel else (Verdict.ERRORED, host)


def _alone(report: Report, cancel: bool) -> End:
    if report.ended_by is EndedBy.TIMEOUT:
        return Verdict.TIMED_OUT, Cause.TIMEOUT
    if report.ended_by is EndedBy.SILENCE:
        return Verdict.TIMED_OUT, Cause.SILENCE
    if report.ended_by is EndedBy.SCRIPT:
        return Verdict.ERRORED, Cause.WITNESS_MISSING
    if cancel:
        return CANCELLED
    if report.ended_by is EndedBy.CHECKOUT_FAILED:
        return Verdict.ERRORED, Cause.CHECKOUT_FAILED
    told = report.ended_by is EndedBy.NOT_STARTED
    return Verdict.ERRORED, Cause.NOT_STARTED if told else Cause.RUNNER_LOST


def _silent(before: Job, attempt: Attempt, task: TaskTruth, cancel: bool, job: Job) -> set[End]:
    """Claimed, and no word from anybody: only time, or an engine that forgot, may end it."""
    now = job.updated_at
    since = now - (attempt.claimed_at or attempt.started_at)
    asked = job.cancel_requested_at
    leased = attempt.lease_until is not None and now < attempt.lease_until
    over = since >= timedelta(seconds=before.timeout_s + before.grace_s + 1800)
    ignored = asked is not None and now - asked >= timedelta(seconds=before.grace_s + 180)
    if over or ignored or (task.forgotten and not leased):
        return {CANCELLED if cancel else (Verdict.ERRORED, Cause.RUNNER_LOST)}
    return set()


def status(report: Report) -> int | None:
    """What a container ends with when its first process passes this on."""
    return report.exit.code if report.exit.signal is None else 128 + report.exit.signal
