"""What builds need from the outside, as interfaces: where they are kept, their queues, GitHub."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.model import Stored, Timestamp
from chalicelib.domain.timetable import Timetable

if TYPE_CHECKING:
    from chalicelib.github.client.github import GitHub
    from chalicelib.github.client.github import Project as Client
    from chalicelib.github.client.site import Site


class BuildChanged(Exception):  # noqa: N818 - an answer of the store, not a fault
    """The build, or what was sent of it, is no longer as it was read: read it again."""


@dataclass(frozen=True, slots=True)
class BuildPage:
    """Builds, newest first. Give ``cursor`` back for the next page; None: this was the last."""

    builds: tuple[BuildRecord, ...]
    cursor: str | None = None


class Sent(Stored):
    """What GitHub was told of a build. ``revision`` rises with every write; 0: none yet."""

    revision: int = 0
    version: int = Field(default=0, description="of the build, all of which was told")
    marks: dict[str, str] = Field(default_factory=dict, description="last told, by name")
    checks: dict[str, int] = Field(default_factory=dict, description="GitHub's ids of check runs")
    lease_until: Timestamp | None = Field(
        default=None, description="somebody is telling; when it is over, they died at it"
    )
    unsure: bool = Field(default=False, description="GitHub may have more check runs than known")
    not_before: Timestamp | None = Field(default=None, description="GitHub asked to wait")
    behind_since: Timestamp | None = Field(
        default=None, description="GitHub could not be told all of it since then"
    )


class BuildStore(Protocol):
    """Builds with conditional writes. Driver errors come out as ``ServiceTrouble``."""

    def create(self, build: BuildRecord, *, due_at: datetime) -> tuple[BuildRecord, bool]:
        """Store a new build; ``(build, True)``, or ``(the one with its id, False)``."""
        ...

    def get(self, build_id: str) -> BuildRecord | None:
        """The build by a consistent read."""
        ...

    def put(self, build: BuildRecord, *, due_at: datetime) -> None:
        """Write it over the version before. ``due_at``: when the reaper looks at it.

        Raises ``BuildChanged``.
        """
        ...

    def page(self, project: str | None, *, limit: int, cursor: str | None = None) -> BuildPage:
        """A project's builds, or all, newest first. Raises ``ValueError`` on a bad cursor."""
        ...

    def unfinished(self, project: str, limit: int) -> Sequence[BuildRecord]:
        """Those of a project's newest builds that are not final."""
        ...

    def remind(self, build: BuildRecord, due_at: datetime | None) -> None:
        """When the reaper looks again; None: never. Nothing happens to a build that changed."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of builds whose time has come, oldest first."""
        ...

    def sent(self, build_id: str) -> Sent:
        """What GitHub was told, by a consistent read."""
        ...

    def put_sent(self, build_id: str, sent: Sent) -> Sent:
        """Write it over the revision before; what is there now. Raises ``BuildChanged``."""
        ...


class StoredDelivery(Stored):
    """A delivery that was accepted. ``build_id`` is the id of the build that it may make."""

    id: str
    digest: str
    event: str = Field(description="the trimmed event as JSON")
    group: str = Field(description="deliveries of one group are worked on one after the other")
    build_id: str
    received_at: Timestamp
    done: str = Field(default="", description="what came of it, in words; '': nothing yet")
    tries: int = 0


class DeliveryStore(Protocol):
    """Deliveries, each accepted once. They are forgotten after some weeks."""

    def accept(self, delivery: StoredDelivery, *, due_at: datetime) -> tuple[StoredDelivery, bool]:
        """Store it; ``(it, True)``. ``(the first one, False)`` when its id or its very bytes
        came before."""
        ...

    def get(self, delivery_id: str) -> StoredDelivery | None:
        """By a consistent read."""
        ...

    def put_off(self, delivery: StoredDelivery, due_at: datetime) -> None:
        """Another try, at that time."""
        ...

    def done(self, delivery: StoredDelivery, what: str) -> None:
        """There is nothing left to do. May be repeated."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of those that are not done and whose time has come."""
        ...


class TimetableStore(Protocol):
    """Projects' schedules. Driver errors come out as ``ServiceTrouble``."""

    def get(self, project: str) -> Timetable | None:
        """By a consistent read."""
        ...

    def put(self, timetable: Timetable) -> bool:
        """Write it over the version before; False: it is no longer as it was read."""
        ...

    def remove(self, project: str) -> None:
        """Forget it, if it is there."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Names of projects with a schedule whose time has come, oldest first."""
        ...


class OrderedQueue(Protocol):
    """A FIFO queue: at least once, and in order and one at a time within a ``group``."""

    def send(self, body: str, *, group: str, unique: str) -> None:
        """Put it on the queue. A second one with the same ``unique`` is dropped for 5 minutes."""
        ...


class WebhookSecrets(Protocol):
    """What deliveries are signed with."""

    def secrets(self) -> Mapping[str, str]:
        """Those that are valid now, by name: two while they are rotated. May be a minute old."""
        ...


class GitHubKeys(Protocol):
    """What this deployment knows GitHub by (``domain.github_keys``), to be changed: nobody gets
    a value out of it. All may raise ``ServiceTrouble``."""

    def put(self, name: str, value: str) -> None:
        """Keep or replace one. Others may use the old one for a minute. May be repeated."""
        ...

    def kept(self) -> Mapping[str, datetime]:
        """The names of those that are kept, with the time of their last change."""
        ...

    def remove(self, name: str) -> bool:
        """Forget one; False when it was not there."""
        ...

    def fresh(self, name: str) -> str | None:
        """One value as it is now, to be kept under another name."""
        ...


class GitHubAccess(Protocol):
    """GitHub as this deployment may ask it. Nothing is made before it is used."""

    def site(self) -> Site:
        """Which GitHub it is. Raises ``BadCredentials`` for an address that can't be one."""
        ...

    def github(self) -> GitHub:
        """Raises ``BadCredentials`` and ``ServiceTrouble``."""
        ...

    def is_ours(self, app_id: int | None) -> bool:
        """Whether that is the number of this deployment's App. Raises ``ServiceTrouble``."""
        ...

    def service_token(self) -> str | None:
        """A token for all projects without one of their own."""
        ...

    def client(self, project_token: str | None, installation_id: int | None, who: str) -> Client:
        """What a project's calls go through: its token, its installation, or the service's token.

        Raises ``BadCredentials`` and ``ServiceTrouble``.
        """
        ...


@dataclass(frozen=True, slots=True)
class BuildSide:
    """Everything about builds; a deployment without their queues has none of it."""

    store: BuildStore
    deliveries: DeliveryStore
    timetables: TimetableStore
    queue: OrderedQueue
    """Ids of deliveries, by project: see ``usecases.take_delivery``."""
    notices: OrderedQueue
    """Ids of builds, by build: see ``usecases.notify``."""
    webhook_secrets: WebhookSecrets
    keys: GitHubKeys
    github: GitHubAccess
    sleep: Callable[[float], None]
    """For moments only, as what GitHub has yet to find out."""
