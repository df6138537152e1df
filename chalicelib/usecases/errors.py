"""Answers of the use cases that are not results. Their texts are sentences for whoever asked."""

from __future__ import annotations


class UnknownJob(Exception):  # noqa: N818 - an answer, rendered as 404
    """There is no such job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id!r}: look at the list of jobs for its id")
        self.job_id = job_id


class UnknownAttempt(Exception):  # noqa: N818 - an answer, rendered as 404
    """The job has no such attempt."""

    def __init__(self, job_id: str, attempt: int, latest: int) -> None:
        has = f"its attempts are 1 to {latest}" if latest else "it has not been launched yet"
        super().__init__(f"job {job_id} has no attempt {attempt}: {has}")


class RunnerRefused(Exception):  # noqa: N818 - an answer, rendered with its status
    """A runner is told to leave. ``status`` is what docs/protocol.md assigns to the reason.

    401: the token or lease is not this job's. 409: another runner has the attempt.
    410: the attempt is over. All of them are final: asking again changes nothing.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
