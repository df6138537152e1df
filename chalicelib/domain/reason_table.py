"""What engines say when a container ends or can't be started, as data.

Sources, by their letter:
  D  AWS documentation: stopped task errors and CannotPullContainer errors
     (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html),
     API reference of ECS, Task: stopCode
  L  messages seen in the logs of others who run tasks on Fargate
  E  the Docker engine, its runtime and its registry client, tried on engine 20.10

The first row that holds gives the cause, so what is more specific stands before what is generic:
``FIRST_ROWS``, then ``PULL_ROWS`` for pulls that failed in words unknown, then ``OTHER_ROWS``.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.verdict import Cause


@dataclass(frozen=True, slots=True)
class Row:
    """All of ``words`` are in the text (lower case, straight apostrophes).

    ``pull``: the row holds only where a pull is spoken of, as its words are common ones.
    """

    words: tuple[str, ...]
    cause: Cause
    retryable: bool = False
    pull: bool = False


def _rows(
    cause: Cause, *patterns: str, retryable: bool = False, pull: bool = False
) -> tuple[Row, ...]:
    """One row for each pattern; `` ... `` in it stands for anything between."""
    return tuple(Row(tuple(p.split(" ... ")), cause, retryable, pull) for p in patterns)


STOP_CODES: dict[str, Cause] = {
    # Both name Spot: the first in the API reference, the second in Spot's own events. [D]
    "SpotInterruption": Cause.SPOT_INTERRUPTED,
    "TerminationNotice": Cause.SPOT_INTERRUPTED,
    # The host was found unhealthy or is retired. [D]
    "InfrastructureHealth": Cause.HOST_LOST,
}
"""Stop codes that are a cause by themselves; all of them pass with time. The others
(TaskFailedToStart, EssentialContainerExited, UserInitiated, ServiceSchedulerInitiated) say nothing
about why."""

PULL_MARKS = (
    "pull",
    "/v2/",
    "manifest",
    "resolve ref",
    "registry",
    "httpreadseeker",
    "no such image",
    "failed to register layer",
)
"""A text with one of these speaks of a pull."""

FIRST_ROWS: tuple[Row, ...] = (
    *_rows(Cause.SPOT_INTERRUPTED, "spot task was interrupted", retryable=True),  # D
    *_rows(
        Cause.OUT_OF_MEMORY,
        "outofmemory",  # D: OutOfMemoryError, in several spellings
        "container killed due to memory usage",  # D
        "oom-killed",  # E: container init was OOM-killed (memory limit too low?)
    ),
    # D, L. Before the pulls: these words speak of secrets and registries, too. A missing permission
    # stays missing; a network that did not answer may answer.
    *_rows(
        Cause.TASK_INIT,
        "resourceinitializationerror ... i/o timeout",
        "resourceinitializationerror ... context deadline exceeded",
        "resourceinitializationerror ... connection issue",
        "resourceinitializationerror ... request canceled",
        "resourceinitializationerror ... connection refused",
        "resourceinitializationerror ... connection reset",
        "resourceinitializationerror ... throttl",
        "resourceinitializationerror ... rate exceeded",
        "resourceinitializationerror ... send request failed",
        retryable=True,
    ),
    *_rows(
        Cause.TASK_INIT,
        "unable to pull secrets or registry auth",
        "failed to initialize logging driver",
        "failed to validate logger args",
        "resourceinitializationerror",
    ),
    *_rows(
        Cause.DISK_FULL,
        "no space left on device",  # L, E
        "failed to unpack image on snapshotter",  # L
    ),
    *_rows(
        Cause.IMAGE_ARCH,
        "does not contain descriptor matching platform",  # D
        "no matching manifest for",  # E
        "does not match the specified platform",  # E
        "exec format error",  # E, D
    ),
    # A limit is worth waiting for, though it comes as a denial. L, D
    *_rows(
        Cause.IMAGE_PULL,
        "toomanyrequests",
        "too many requests",
        "pull rate limit",
        "rate exceeded",
        "throttlingexception",
        retryable=True,
        pull=True,
    ),
    *_rows(
        Cause.IMAGE_AUTH,
        "pull access denied",  # D, E; Docker says so of repositories that do not exist as well
        "requested access to the resource is denied",  # D, E
        "check that the role has the permissions",  # D
        "no basic auth credentials",  # E
        "failed to fetch ... 401",  # L: oauth token, anonymous token
    ),
    *_rows(
        Cause.IMAGE_AUTH,
        "403 forbidden",  # D
        "401 unauthorized",  # E
        "unauthorized:",  # E: authentication required, incorrect username or password
        "authentication required",  # E
        "authorization failed",  # L: insufficient_scope
        "is not authorized to perform",  # D
        "accessdenied",  # D
        "access denied",  # L
        "denied:",  # E
        pull=True,
    ),
    *_rows(
        Cause.IMAGE_MISSING,
        "manifest unknown",  # D, E
        "failed to resolve ref ... : not found",  # D
        "manifest for ... not found",  # E
        "name unknown",  # E: repository name not known to registry
        "no such image",  # E
        "check whether the image exists",  # D
        "check that the image exists",  # D
        "repository with name ... does not exist",  # D
        "requested image not found",  # D
        "invalid reference format",  # E
    ),
    *_rows(Cause.IMAGE_MISSING, "repository ... not found", pull=True),  # D
    # The registry answers, but not in a way that time would mend. E
    *_rows(
        Cause.IMAGE_PULL,
        "x509:",
        "failed to verify certificate",
        "server gave http response to https client",
        pull=True,
    ),
    *_rows(
        Cause.IMAGE_PULL,
        "i/o timeout",  # D
        "httpreadseeker",  # D: failed to copy: httpReadSeeker: failed open
        "request canceled",  # D: while waiting for connection
        "connection issue",  # D
        "connection refused",  # E
        "connection reset",  # E
        "connection timed out",  # E
        "tls handshake timeout",  # E
        "tls: ",  # E
        "no such host",  # E
        "server misbehaving",  # E
        "no route to host",  # E
        "network is unreachable",  # E
        "context deadline exceeded",  # E
        "unexpected eof",  # E
        "500 internal server error",  # L, E
        "502 bad gateway",
        "503 service unavailable",
        "504 gateway",
        "unexpected http status: 5",
        "unexpected status code ... : 5",
        "failed with status code ... : 5",
        retryable=True,
        pull=True,
    ),
)

PULL_ROWS: tuple[Row, ...] = (
    *_rows(
        Cause.IMAGE_PULL,
        "cannotpull",  # D: CannotPullContainerError and, older, CannotPullECRContainerError
        "the task can't pull",  # D
        "the task cannot pull",  # D
        "pull has been retried",  # D
        "failed to resolve ref",  # D, when the rest was cut off
        "failed to pull",
        "error pulling",  # E
        "failed to register layer",  # E
        "filesystem layer verification failed",  # E
        retryable=True,
    ),
)

OTHER_ROWS: tuple[Row, ...] = (
    # The machine that runs the engine, or the engine itself, went away. D, E
    *_rows(
        Cause.HOST_LOST,
        "host ec2 ... terminated",
        "host ec2 ... stopped",
        "cannot connect to the docker daemon",
        "error during connect",
        retryable=True,
    ),
    *_rows(
        Cause.PLATFORM,
        "timeout waiting for network interface provisioning",  # D
        "timeout waiting for ephemeralstorage provisioning",  # D
        "unexpected ec2 error",  # D: while attempting to Create Network Interface
        "ecs is performing maintenance on the underlying infrastructure",  # D
        "internalerror",  # D
        "failed programming external connectivity",  # E
        "port is already allocated",  # E
        "address already in use",  # E
        "failed to create endpoint",  # E
        "failed to set up container networking",  # E
        retryable=True,
    ),
    *_rows(Cause.CAPACITY, "capacity is unavailable", retryable=True),  # D
    # A runtime that was too slow may be faster elsewhere. D
    *_rows(
        Cause.CONTAINER_START,
        "dockertimeouterror",
        "containerruntimetimeouterror",
        retryable=True,
    ),
    *_rows(
        Cause.CONTAINER_START,
        "cannotstartcontainer",  # D
        "cannotcreatecontainer",  # D
        "cannotcreatevolume",  # D
        "cannotinspectcontainer",  # D
        "unable to find user",  # E
        "no matching entries in passwd file",  # E
        "no matching entries in group file",  # E
        "unable to start container process",  # E
        "oci runtime create failed",  # E
        "failed to create shim",  # E
    ),
    *_rows(
        Cause.LAUNCH_REFUSED,
        "minimum memory limit allowed",  # E
        "range of cpus is from",  # E
    ),
)

GENERIC = (
    "essential container in task exited",
    "task stopped by user",
    "task failed to start",
)
"""Words that say nothing about why; the cause, if any, is in another text. D"""
