"""How an attempt can end: what the rows of the decision tables give.

Only ``by_script`` makes passed or failed, and it is given only where both witnesses agree.
"""

from __future__ import annotations

from chalicelib.domain.case import Case
from chalicelib.domain.decision import Finish, Retry
from chalicelib.domain.evidence import EndedBy, ProcessExit
from chalicelib.domain.retry_policy import LOST, backoff_s, may_launch_again, may_run_again
from chalicelib.domain.verdict import Cause, Verdict

NOT_CLAIMED_STATUS = 120
NOT_DELIVERED_STATUS = 121
"""The runner's own exit statuses (docs/protocol.md); without a report no status is the script's."""


def ended_before_claim(
    case: Case, cause: Cause, detail: str, *, retryable: bool, absent: tuple[str, ...]
) -> Finish | Retry:
    """Nothing of the script has run: try again within bounds, else it is our error."""
    if case.cancel:
        return finish(case, Verdict.CANCELLED, detail="cancelled before it was started")
    if retryable and may_launch_again(case.job):
        return _retry(case, cause, detail, absent)
    return finish(case, Verdict.ERRORED, cause, detail, absent=absent)


def ended_after_claim(
    case: Case, cause: Cause, detail: str, *, absent: tuple[str, ...] = ()
) -> Finish | Retry:
    """The script was under way: another attempt only when the job's ``retry_lost`` allows it."""
    if case.cancel:
        return finish(case, Verdict.CANCELLED, detail=f"cancelled; {detail}", absent=absent)
    if cause in LOST and may_run_again(case.job):
        return _retry(case, cause, detail, absent)
    return finish(case, Verdict.ERRORED, cause, detail, absent=absent)


def by_report_alone(case: Case) -> Finish | Retry:
    """The verdict when no stop will come: none that needs both witnesses."""
    if case.ended_by in (EndedBy.TIMEOUT, EndedBy.SILENCE):
        return timed_out(case, absent=("stop",))
    if case.ended_by is EndedBy.NOT_STARTED:
        return not_started(case, absent=("stop",))
    if case.ended_by is EndedBy.CHECKOUT_FAILED:
        return checkout_failed(case, absent=("stop",))
    if case.ended_by in (EndedBy.CANCEL, EndedBy.OWNER_LOST):
        return ended_from_outside(case, absent=("stop",))
    detail = "the runner reported an end, but the container's own end was never seen"
    return finish(case, Verdict.ERRORED, Cause.WITNESS_MISSING, detail, absent=("stop",))


def finish(
    case: Case,
    verdict: Verdict,
    cause: Cause | None = None,
    detail: str = "",
    *,
    absent: tuple[str, ...] = (),
) -> Finish:
    """An end in the state that was judged, while the ``absent`` fields still are."""
    return Finish(
        verdict, cause, detail, state=case.state, absent=absent, stop_version=case.stop_version
    )


def _retry(case: Case, cause: Cause, detail: str, absent: tuple[str, ...]) -> Retry:
    return Retry(
        cause,
        detail,
        backoff_s(case.job.attempt, case.jitter),
        queue_timeout_s=case.job.queue_timeout_s,
        absent=absent,
        stop_version=case.stop_version,
    )


def by_script(case: Case) -> Finish:
    """Both saw the same end: the script's own."""
    exited = case.attempt.report.exit if case.attempt.report else None
    passed = exited is not None and exited.code == 0
    notes = (_setup_note(case), _memory_note(case))
    return Finish(
        Verdict.PASSED if passed else Verdict.FAILED,
        detail="; ".join(note for note in notes if note),
        exit_code=exited.code if exited else None,
        signal=exited.signal if exited else None,
        state=case.state,
        stop_version=case.stop_version,
    )


def _setup_note(case: Case) -> str:
    """Where it ended, if that was before the script. The verdict is by the status all the same."""
    report = case.report
    if report is None or not report.ended_in_setup:
        return ""
    if report.exit.code == 0:
        return "it ended in its setup with status 0; the script was not run"
    return f"{setup_failed(report.exit)}; the script was not run"


def setup_failed(exited: ProcessExit) -> str:
    """``setup failed with status 7``."""
    if exited.signal is not None:
        return f"setup failed: it was killed by signal {exited.signal}"
    return f"setup failed with status {exited.code}"


def _memory_note(case: Case) -> str:
    """Out of memory is a note where the script ended by itself: its status is still its own."""
    report = case.report
    killed = report.oom_kills if report else 0
    if not killed and case.why_stopped.cause is not Cause.OUT_OF_MEMORY:
        return ""
    peak_kib = report.job_peak_kib if report else 0
    peak = f", peak {peak_kib >> 10} MiB" if peak_kib else ""
    return f"a process was killed for memory (limit {case.job.memory_mib} MiB{peak})"


def timed_out(case: Case, absent: tuple[str, ...] = ()) -> Finish:
    """The runner had begun to end the script for a limit; what it then exits with is no matter."""
    if case.ended_by is EndedBy.SILENCE:
        detail = "ended after it had written nothing for longer than its silence timeout"
        detail += _where(case)
        return finish(case, Verdict.TIMED_OUT, Cause.SILENCE, detail, absent=absent)
    detail = f"ended at its timeout of {case.job.timeout_s:g} s{_where(case)}"
    return finish(case, Verdict.TIMED_OUT, Cause.TIMEOUT, detail, absent=absent)


def _where(case: Case) -> str:
    return ", in its setup" if case.report and case.report.ended_in_setup else ""


def not_started(case: Case, absent: tuple[str, ...] = ()) -> Finish:
    """The runner could not start the script, and said why."""
    if case.cancel:
        return finish(case, Verdict.CANCELLED, detail="cancelled before the script was started")
    detail = (case.report.detail if case.report else None) or "the script could not be started"
    return finish(case, Verdict.ERRORED, Cause.NOT_STARTED, detail, absent=absent)


def checkout_failed(case: Case, absent: tuple[str, ...] = ()) -> Finish:
    """The commit could not be had, so nothing is said of the script."""
    if case.cancel:
        return finish(case, Verdict.CANCELLED, detail="cancelled before the script was started")
    detail = (case.report.detail if case.report else None) or "the checkout failed"
    return finish(case, Verdict.ERRORED, Cause.CHECKOUT_FAILED, detail, absent=absent)


def ended_from_outside(case: Case, absent: tuple[str, ...] = ()) -> Finish | Retry:
    """The runner was told to end the script: by a cancellation, or by whoever ended the task."""
    if case.cancel:
        return finish(case, Verdict.CANCELLED, detail="the runner ended the script", absent=absent)
    if case.stop is not None and (host := _host_cause(case)):
        return ended_after_claim(case, host, _words(case), absent=absent)
    if case.ended_by is EndedBy.OWNER_LOST:
        detail = "the process that ran the runner went away; the runner ended the script"
    else:
        detail = "the task was stopped from outside, though nobody had cancelled the job"
    return ended_after_claim(case, Cause.RUNNER_LOST, detail, absent=absent)


def _host_cause(case: Case) -> Cause | None:
    """The engine says that the place where the job ran went away."""
    cause = case.why_stopped.cause
    if cause is Cause.PLATFORM:
        # The same words before a claim mean that the task never came up.
        return Cause.HOST_LOST
    return cause if cause in (Cause.SPOT_INTERRUPTED, Cause.HOST_LOST) else None


def _words(case: Case) -> str:
    """The engine's own words, for the detail."""
    stop = case.stop
    if stop is None:
        return ""
    said = case.why_stopped.text or stop.job_container_reason or stop.reason
    status = "" if stop.exit_code is None else f" (container status {stop.exit_code})"
    return f"{said or stop.stop_code or 'the engine gave no reason'}{status}"


def status_unknown(case: Case) -> Finish | Retry:
    """The engine does not know the exit code: one witness is missing."""
    host = _host_cause(case)
    if host:
        return ended_after_claim(case, host, _words(case))
    detail = f"the runner reported an end, but the engine gave no exit code: {_words(case)}"
    return finish(case, Verdict.ERRORED, Cause.WITNESS_MISSING, detail)


def mismatch(case: Case) -> Finish:
    """The witnesses differ: neither is believed."""
    exited = case.report.exit if case.report else None
    told = exited.as_container_status if exited else None
    seen = case.stop.exit_code if case.stop else None
    detail = f"the runner reported container status {told}, the engine saw {seen}"
    return finish(case, Verdict.ERRORED, Cause.WITNESS_MISMATCH, detail)


def never_claimed(case: Case) -> Finish | Retry:
    """The container ended, or never began, before a runner asked for the job."""
    why = case.why_stopped
    if why.cause is not None:
        return ended_before_claim(
            case, why.cause, _words(case), retryable=why.retryable, absent=("nonce",)
        )
    detail = f"the container ended before its runner asked for the job: {_words(case)}"
    if case.stop and case.stop.exit_code == NOT_CLAIMED_STATUS:
        detail = "the runner could not reach the service to ask for the job"
    return ended_before_claim(
        case, Cause.RUNNER_NEVER_CLAIMED, detail, retryable=True, absent=("nonce",)
    )


def lost(case: Case) -> Finish | Retry:
    """The container ended with the script under way and no report: its exit code proves nothing."""
    cause = _host_cause(case) or case.why_stopped.cause
    if cause not in (*LOST, Cause.OUT_OF_MEMORY, Cause.DISK_FULL):
        cause = Cause.RUNNER_LOST
    detail = f"the container ended without a report: {_words(case)}"
    if case.stop and case.stop.exit_code == NOT_DELIVERED_STATUS:
        detail = "the runner could not deliver its report"
    return ended_after_claim(case, cause, detail, absent=("report",))


def given_up(case: Case) -> Finish | Retry:
    """Nothing was heard for so long that the attempt is over, whatever its task does."""
    detail = "the runner was out of touch past the job's timeout and the outage allowance"
    return ended_after_claim(case, Cause.RUNNER_LOST, detail, absent=("report", "stop"))
