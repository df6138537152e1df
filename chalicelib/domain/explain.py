"""A job's verdict in plain words: what each witness saw, what was decided, what to do next."""

from __future__ import annotations

from chalicelib.domain.advice import BY_CAUSE, BY_VERDICT, SETUP_FAILED
from chalicelib.domain.decide_table import RULES
from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop
from chalicelib.domain.job import Attempt, Job, State
from chalicelib.domain.overdue_table import OVERDUE_RULES
from chalicelib.domain.quantities import format_duration
from chalicelib.domain.verdict import Cause, Verdict

WORDS_OF_RULES = {rule.name: rule.when for rule in RULES}
WORDS_OF_RULES |= {rule.name: rule.when for rule in OVERDUE_RULES}

_SIGNALS = {1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL"}
_SIGNALS |= {11: "SEGV", 13: "PIPE", 14: "ALRM", 15: "TERM", 24: "XCPU", 25: "XFSZ"}


def explain(job: Job) -> list[str]:
    """Plain sentences, in the order of reading: attempts and witnesses, decision, advice.

    Works in every state; an unfinished job is told as far as it is. Holds no secret, token or
    nonce.
    """
    sentences = [line for attempt in _in_order(job) for line in _attempt(job, attempt)]
    if job.cancel_requested_at is not None:
        sentences.append("Somebody asked to cancel the job.")
    sentences += _decision(job)
    if job.verdict is not None:
        sentences.append(f"Next: {_next(job, job.verdict)}")
    return sentences


def _next(job: Job, verdict: Verdict) -> str:
    if job.setup_failed:
        return SETUP_FAILED
    return BY_CAUSE[job.cause] if job.cause in BY_CAUSE else BY_VERDICT[verdict]


def describe_exit(exited: ProcessExit) -> str:
    """``code 3`` or ``signal 9 (KILL)``; never one for the other."""
    if exited.signal is not None:
        name = _SIGNALS.get(exited.signal)
        return f"signal {exited.signal}" + (f" ({name})" if name else "")
    return "an unknown status" if exited.code is None else f"code {exited.code}"


def _in_order(job: Job) -> list[Attempt]:
    return sorted(job.attempts.values(), key=lambda attempt: attempt.number)


def _attempt(job: Job, attempt: Attempt) -> list[str]:
    name = f"Attempt {attempt.number}: " if len(job.attempts) > 1 else ""
    lines = [name + _runner(job, attempt), name + _engine(attempt)]
    if attempt.cause is not None:
        why = f": {attempt.detail}" if attempt.detail else ""
        lines.append(f"{name}It was given up ({attempt.cause.value}{why}) and tried again.")
    return lines


def _runner(job: Job, attempt: Attempt) -> str:
    if attempt.report is not None:
        return f"The runner reported that {_report(job, attempt.report)}."
    if attempt.claimed_at is None:
        return "No runner asked for the job, so nothing of the script has run."
    return "A runner took the job and has not reported an end."


def _report(job: Job, report: Report) -> str:
    status = describe_exit(report.exit)
    limit = format_duration(job.timeout_s)
    phase = "setup" if report.ended_in_setup else "script"
    ended = f"the {phase}; it then had {status}" if report.exit.known else "before the script"
    text = {
        EndedBy.SCRIPT: f"the {phase} ended by itself with {status}",
        EndedBy.TIMEOUT: f"it ended the {phase} at its timeout of {limit}; it then had {status}",
        EndedBy.SILENCE: f"it ended the {phase} for its silence; it then had {status}",
        EndedBy.CANCEL: f"it was told to end {ended}",
        EndedBy.OWNER_LOST: f"its owner went away and it ended {ended}",
        EndedBy.NOT_STARTED: "the script could not be started",
        EndedBy.CHECKOUT_FAILED: "the checkout failed, so the script was not started",
    }[report.ended_by]
    if report.detail:
        text += f" ({report.detail.rstrip('.')})"
    if report.oom_kills:
        text += f"; the kernel killed {report.oom_kills} process(es) for memory"
    if report.survivors:
        text += f"; {report.survivors} process(es) that were left over were ended"
    return text


def _engine(attempt: Attempt) -> str:
    stop = attempt.stop
    if stop is None:
        return "The engine has not said that the container ended."
    code = stop.exit_code
    saw = "without an exit code" if code is None else f"with exit code {code}"
    words = _words(stop)
    return f"The engine saw the container end {saw}{words}."


def _words(stop: Stop) -> str:
    said = "; ".join(
        text.strip().rstrip(".")
        for text in (
            stop.job_container_reason,
            *(f"{other.name}: {other.reason}" for other in stop.other_containers if other.reason),
            stop.reason,
        )
        if text.strip()
    )
    code = f", stop code {stop.stop_code}" if stop.stop_code else ""
    memory = ", killed for memory" if stop.oom_killed else ""
    return f"{code}{memory}" + (f", and said: {said}" if said else "")


def _decision(job: Job) -> list[str]:
    if job.state is not State.FINISHED or job.verdict is None:
        return [_unfinished(job)]
    cause = f" ({job.cause.value})" if job.cause else ""
    detail = f": {job.detail.rstrip('.')}" if job.detail else ""
    lines = [f"Verdict: {job.verdict.value}{cause}{detail}."]
    rule = WORDS_OF_RULES.get(job.rule)
    if rule is not None:
        lines.append(f"Rule {job.rule}: {rule}.")
    return [*lines, _why(job)]


def _unfinished(job: Job) -> str:
    if job.state is State.QUEUED and job.waiting_since is not None:
        return "The job is queued and waits for a slot: its project runs as many jobs as it may."
    if job.state is State.QUEUED:
        return "The job is queued and waits for its launch."
    attempt = job.current
    if attempt is None:
        return f"The job is {job.state.value}."
    if attempt.report is not None:
        return "The verdict waits for the engine to see the container's end."
    return f"The job is {job.state.value}; there is no verdict yet."


def _why(job: Job) -> str:
    """The rule behind the verdict, in a sentence."""
    verdict, attempt = job.verdict, job.current
    if job.setup_failed:
        return "Both witnesses agree on the setup's own end; the script was not run."
    if verdict in (Verdict.PASSED, Verdict.FAILED):
        return "Both witnesses agree on the script's own end, so the verdict is the script's."
    if verdict is Verdict.TIMED_OUT:
        return "The runner ended the script for its limit, whatever status it had after that."
    if verdict is Verdict.CANCELLED:
        return "It was cancelled before the script had ended by itself."
    if job.cause is Cause.WITNESS_MISMATCH:
        return "The witnesses differ, so neither is believed."
    if job.cause is Cause.WITNESS_MISSING:
        return "One witness alone gives no verdict on a script."
    if attempt is not None and attempt.report is None and attempt.claimed_at is not None:
        return "Without a report no exit code is ever the script's, so the error is ours."
    if attempt is not None and attempt.claimed_at is None:
        return "Nothing of the script has run, so the error is not the script's."
    return "This is an error of ours or of what was asked for, not the script's verdict."
