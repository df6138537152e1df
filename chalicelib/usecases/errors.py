"""Answers of the use cases that are not results. Their texts are sentences for whoever asked."""

from __future__ import annotations


class UnknownJob(Exception):  # noqa: N818 - an answer, rendered as 404
    """There is no such job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id!r}: look at the list of jobs for its id")
        self.job_id = job_id


class UnknownProject(Exception):  # noqa: N818 - an answer, rendered as 404
    """There is no such registered project."""

    def __init__(self, name: str) -> None:
        super().__init__(f"project {name!r} is not registered: 'towline project list' shows all")


class UnknownAttempt(Exception):  # noqa: N818 - an answer, rendered as 404
    """The job has no such attempt."""

    def __init__(self, job_id: str, attempt: int, latest: int) -> None:
        has = f"its attempts are 1 to {latest}" if latest else "it has not been launched yet"
        super().__init__(f"job {job_id} has no attempt {attempt}: {has}")


class SpecRefused(Exception):  # noqa: N818 - the submitter's mistake, rendered as 400
    """The job was not accepted, as it can't work. ``field`` is the spec's that is at fault."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class RunnerRefused(Exception):  # noqa: N818 - an answer, rendered with its status
    """A runner is told to leave. ``status`` is what docs/protocol.md assigns to the reason.

    401: the token or lease is not this job's. 409: another runner has the attempt.
    410: the attempt is over. All of them are final: asking again changes nothing.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class UnknownBuild(Exception):  # noqa: N818 - an answer, rendered as 404
    """There is no such build."""

    def __init__(self, build_id: str) -> None:
        super().__init__(f"there is no build {build_id!r}: look at the list of builds for its id")
        self.build_id = build_id


class BuildRefused(Exception):  # noqa: N818 - an answer, rendered as 409
    """What was asked for can't be done with the build as it is; the text says why."""


class NoBuilds(Exception):  # noqa: N818 - an answer, rendered as 404
    """This deployment takes no webhooks, so it has no builds."""

    def __init__(self) -> None:
        super().__init__("this service has no builds: its deployment has no queues for them")


class UnknownKey(Exception):  # noqa: N818 - an answer, rendered as 404
    """There is no such thing that GitHub is known by, or it is not set; the text says which."""


class KeyRefused(Exception):  # noqa: N818 - the operator's mistake, rendered as 400
    """A value that can't be one of GitHub's keys. Its text quotes nothing of it."""
