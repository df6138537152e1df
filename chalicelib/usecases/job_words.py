"""Half a sentence on how a job ended, for the one line that a status has."""

from __future__ import annotations

from chalicelib.domain.evidence import ProcessExit
from chalicelib.domain.explain import describe_exit
from chalicelib.domain.job import Job
from chalicelib.domain.verdict import Verdict

MOST = 300


def job_words(job: Job) -> str:
    """``the script ended with code 3``; '' when the verdict says all."""
    if job.setup_failed:
        return job.detail[:MOST]
    if job.verdict is Verdict.FAILED:
        exited = ProcessExit(code=job.exit_code, signal=job.signal)
        return f"the script ended with {describe_exit(exited)}" if exited.known else ""
    if job.verdict is Verdict.ERRORED:
        return (job.detail or (job.cause.value.replace("_", " ") if job.cause else ""))[:MOST]
    return ""
