"""What the use cases need from the outside, as interfaces. Adapters implement them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.change import Change
from chalicelib.domain.checkout import Checkout
from chalicelib.domain.evidence import Stop, TaskState
from chalicelib.domain.job import Job, State
from chalicelib.domain.launch_refusals import PutOff
from chalicelib.domain.spec import Capacity
from chalicelib.domain.verdict import Cause, Verdict

# --- the table ---------------------------------------------------------------------------------


class Conflict(Exception):  # noqa: N818 - it is an answer of the store, not a fault
    """A conditional write did not hold. ``current`` is the job as it is now; None: no such job."""

    def __init__(self, current: Job | None) -> None:
        super().__init__("the job has changed" if current else "no such job")
        self.current = current


class IdempotencyMismatch(Exception):  # noqa: N818 - the submitter's mistake, rendered as 409
    """The key was used before with another request."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list, newest first. All given conditions must hold."""

    project: str | None = None
    state: State | None = None
    verdict: Verdict | None = None
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class JobPage:
    jobs: tuple[Job, ...]
    cursor: str | None
    """Give it back for the next page; None: this was the last one."""


class JobStore(Protocol):
    """Jobs with conditional writes. Driver errors come out as ``ServiceTrouble``."""

    def create(
        self, job: Job, *, idempotency_key: str | None = None, request_hash: str = ""
    ) -> tuple[Job, bool]:
        """Store a new job; ``(job, True)``. With a key that was used: ``(the first job, False)``.

        One write (a transaction with a key). Raises ``IdempotencyMismatch`` when the key was
        used for another ``request_hash``. May be repeated.
        """
        ...

    def made_by(
        self, project: str, idempotency_key: str, request_hash: str, *, now: datetime
    ) -> Job | None:
        """The job that ``create`` made with this key, None when it made none or that is forgotten.

        Raises ``IdempotencyMismatch`` as ``create`` does.
        """
        ...

    def get(self, job_id: str) -> Job | None:
        """The job by a consistent read."""
        ...

    def apply(self, job_id: str, change: Change, *, now: datetime) -> Job:
        """Perform the change in one conditional write; the job as it is afterwards.

        Raises ``Conflict``, with the current job, at no further request.
        """
        ...

    def list(self, query: JobFilter) -> JobPage:
        """Jobs by filter, newest first, a page at a time. Raises ``ValueError`` on a bad cursor."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[Job]:
        """Unfinished jobs whose ``due_at`` has passed: the reaper's work.

        Oldest first, but jobs whose id is on the launch queue do not push out the others.
        """
        ...


class ServiceTrouble(Exception):  # noqa: N818
    """An outside service did not do what was asked; worth retrying when ``retryable``."""

    def __init__(self, what: str, *, retryable: bool = True) -> None:
        super().__init__(what)
        self.retryable = retryable


# --- queue, blobs, secrets ---------------------------------------------------------------------


class JobQueue(Protocol):
    def send(self, job_id: str, *, delay_s: int = 0) -> None:
        """Put the id, and nothing else, on the launch queue. At least once; 0-900 s of delay."""
        ...


class SpecStore(Protocol):
    """Specs too large for a table item."""

    def put(self, job_id: str, spec_json: str) -> str:
        """Store it and give its key. May be repeated."""
        ...

    def get(self, key: str) -> str: ...


@dataclass(frozen=True, slots=True)
class UploadPermit:
    """One presigned POST policy: what a runner may write, and until when."""

    url: str
    fields: Mapping[str, str]
    prefix: str
    max_bytes: int
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class LogRange:
    """Bytes of a log from ``offset``. ``gap`` > 0: so many bytes before ``data`` never arrived."""

    offset: int
    data: bytes
    next_offset: int
    gap: int = 0


@dataclass(frozen=True, slots=True)
class LogLink:
    """One object of a log, to be read directly for a few minutes by whoever has ``url``.

    Joined gzip members. What they hold must be checked by whoever reads it, as jobs write them:
    ``size`` bytes of the log from ``begins`` on, in one member unless it is the ``archive``.
    """

    url: str
    archive: bool
    begins: int
    size: int
    expires_in_s: int


class LogStore(Protocol):
    """Job logs in S3. Readers go by offset; nobody polls CloudWatch."""

    @property
    def permit_renew_after_s(self) -> int:
        """A runner whose permit may be so old wants a fresh one: half of its shortest life."""
        ...

    def permit(self, job_id: str, attempt: int) -> UploadPermit:
        """A permit for this attempt's prefix only. Made without a request, but for a role that is
        assumed now and then: ``ServiceTrouble`` when that fails. May be repeated."""
        ...

    @property
    def has_links(self) -> bool:
        """Whether readers reach where the logs are kept."""
        ...

    @property
    def largest_read(self) -> int:
        """The most bytes that one ``read`` should ask for: little where there are links."""
        ...

    def read(self, job_id: str, attempt: int, offset: int, limit: int) -> LogRange:
        """Up to ``limit`` bytes of what has arrived; empty data when there is nothing yet."""
        ...

    def read_or_link(
        self, job_id: str, attempt: int, offset: int, limit: int, *, whole: int | None
    ) -> LogRange | LogLink:
        """As ``read``, but an object of more than ``limit`` bytes comes as a link, where there are
        links. ``whole``: the log's length when it may come as one archive."""
        ...

    def link(self, job_id: str, attempt: int, offset: int, *, whole: int | None) -> LogLink | None:
        """The object that holds what comes next at ``offset``, be it small; None: there is none
        yet, or there are no links here."""
        ...


class SecretStore(Protocol):
    """A project's secrets (SSM Parameter Store). Values are never listed."""

    def put(self, project: str, name: str, value: str) -> None: ...

    def get(self, project: str, names: Iterable[str]) -> dict[str, str]:
        """The values that exist; names that do not are left out."""
        ...

    def names(self, project: str) -> list[str]: ...

    def delete(self, project: str, name: str) -> bool: ...


class NoCheckoutToken(Exception):  # noqa: N818 - an answer, told to the job's owner
    """No token can be had for a checkout, now or later; the text says why, for the owner."""


@dataclass(frozen=True, slots=True)
class CheckoutToken:
    """What a job's checkout shows to its repository's server, and to no other."""

    username: str
    password: str = field(repr=False)


class CheckoutTokens(Protocol):
    """Where a checkout's token comes from, asked at each claim, so that it may be short-lived."""

    def token(self, job: Job, checkout: Checkout) -> CheckoutToken | None:
        """One that may read, no more (``job.restricted``: a stranger's code comes after it). None:
        the repository is read without one. May be repeated. Raises ``NoCheckoutToken``, or
        ``ServiceTrouble`` when asking again may help."""
        ...


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What an image registry is shown. ``registry`` is the only one that may be shown it."""

    registry: str
    """Its host, with the port if it has one, such as ghcr.io; docker.io for Docker Hub."""
    username: str
    password: str = field(repr=False)


class RegistryCredentials(Protocol):
    """Logins for private job images, kept by name. Passwords are never listed."""

    def put(self, name: str, login: RegistryLogin) -> None:
        """Keep or replace one. May be repeated. Raises ``ValueError`` when it can't be kept."""
        ...

    def login(self, name: str) -> RegistryLogin | None:
        """With the password, for whoever talks to the registry."""
        ...

    def all(self) -> dict[str, str]:
        """The registry that each name is for."""
        ...

    def delete(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Platforms:
    """What an image can run on, each as ``linux/amd64``."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class NoSuchImage:
    """The registry says for certain that it has no such image. ``said``: its own words."""

    said: str


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The registry could not be asked, or its answer says nothing certain."""

    why: str


ImageFacts = Platforms | NoSuchImage | CannotTell


class ImageInspector(Protocol):
    """Asks registries about images, within seconds and without raising."""

    def inspect(self, image: str, login: RegistryLogin | None, *, wanted: str) -> ImageFacts:
        """What is known of the image. An answer from memory has the ``wanted`` platform."""
        ...


class ServerKey(Protocol):
    def key(self) -> bytes:
        """At least 32 secret bytes that make claim tokens and leases. Cached."""
        ...


class Scope(StrEnum):
    SUBMIT = "submit"
    READ = "read"
    CANCEL = "cancel"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A bearer token as it is stored: its hash, never itself."""

    id: str
    name: str
    scopes: frozenset[Scope]
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    project: str | None = None
    """The only project whose jobs it is for; None: it is for all."""


class TokenStore(Protocol):
    def add(self, token: ApiToken) -> None: ...

    def find(self, token_id: str) -> ApiToken | None: ...

    def all(self) -> list[ApiToken]: ...

    def remove(self, token_id: str) -> bool: ...


# --- backends ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """One container to start. The same request gives the same task again, never a second one."""

    job_id: str
    attempt: int
    launch_try: int
    token: str
    """The claim token; with ``job_id`` all that the container is told about the job."""
    image: str | None
    """The job's image; None: the runner's own."""
    release: str
    """The runner image, by digest where there is one."""
    user: str | None
    cpu: float
    memory_mib: int
    arch: str
    stop_timeout_s: int
    """Seconds between TERM and KILL when the engine stops the container."""
    pids_limit: int | None = None
    project: str = "default"
    capacity: Capacity = "on_demand"
    registry_credentials: str | None = None
    """The name of the kept credentials that ``image`` is pulled with; None: anonymously."""
    role: bool = True
    """Whether it has its project's role, if there is one."""


@dataclass(frozen=True, slots=True)
class Launched:
    task_id: str


@dataclass(frozen=True, slots=True)
class TryLater:
    """Throttled or no capacity: nothing was started, the same attempt may be tried later.

    ``definite``: the refusal is certain (``failures[]``), so a new client token is wanted.
    ``why`` is what operators count; ``reason`` is for the log.
    """

    reason: str
    delay_s: int
    definite: bool
    why: PutOff = PutOff.OTHER


@dataclass(frozen=True, slots=True)
class Refused:
    """It can never work as it was asked for: the attempt is over."""

    cause: Cause
    detail: str


LaunchOutcome = Launched | TryLater | Refused


@dataclass(frozen=True, slots=True)
class TaskView:
    """What a backend says of one task. ``stop`` is there when it is stopped."""

    task_id: str
    state: TaskState
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class OwnedTask:
    """A task that a backend runs for a job of ours."""

    task_id: str
    job_id: str
    attempt: int
    started_at: datetime | None = field(default=None)


class Backend(Protocol):
    """Starts and stops containers. All of it may be repeated; ``ServiceTrouble`` may be raised."""

    name: str

    def release(self) -> str:
        """The runner image that a launch now would use, pinned ('' when there is none)."""
        ...

    def launch(self, request: LaunchRequest) -> LaunchOutcome:
        """Start the task, or find the one that an identical request started."""
        ...

    def stop(self, task_id: str, reason: str) -> None:
        """TERM now, KILL after the stop timeout. A task that is over or unknown is no error."""
        ...

    def describe(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        """One view for each id asked for."""
        ...

    def find(self, job_id: str, attempt: int, launch_try: int) -> TaskView | None:
        """The task that this try started, running or not long over, when its id was never
        noted. None: there is none, or the backend does not know of it (yet, or any more)."""
        ...

    def owned(self) -> Iterable[OwnedTask]:
        """Tasks that run for jobs of this deployment: the reaper looks for those without one."""
        ...


# --- figures -----------------------------------------------------------------------------------


class Meter(Protocol):
    """Counts and measures what operators watch.

    Dimensions hold words of a small, closed set, never an id. Nothing here raises: a figure that
    is lost harms no job. Nothing here may be repeated: count after the write that only one wins.
    """

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Add to one figure."""
        ...

    def measure(self, values: Mapping[str, float]) -> None:
        """One value of each of these figures, by name; each has a unit of its own."""
        ...
