"""The Docker engine as this package needs it. The only place with the Docker SDK."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.ports import RegistryLogin, ServiceTrouble

if TYPE_CHECKING:
    import docker

TIMEOUT_S = 60
ANSWERS_WITHIN_S = 5
DEFAULT_ADDRESS = "unix:///var/run/docker.sock"


class EngineGone(Exception):  # noqa: N818 - an answer of sorts: try again later
    """The engine could not be reached, or went away before it answered: the outcome is unknown."""


class EngineRefusal(Exception):  # noqa: N818
    """The engine said no. ``status`` is HTTP's: 404 not there, 409 in conflict, ..."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What this engine and its kernel can do; what they can't is left out of a request.

    An engine refuses a limit that its kernel has no cgroup for (moby, ``verifyPlatformContainer
    Resources``) instead of running without it.
    """

    cpus: int
    arch: str
    limits_cpu: bool
    limits_memory: bool
    limits_swap: bool
    limits_pids: bool


class Engine:
    """Calls of the engine's API, each with ``EngineGone`` or ``EngineRefusal`` for its failures.

    ``address`` None takes ``DOCKER_HOST`` and the other variables of the ``docker`` command. Safe
    to use from several threads. Connects at the first call.
    """

    def __init__(self, address: str | None = None) -> None:
        self._given = address
        self.address = address or os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS
        self._client: docker.DockerClient | None = None

    @property
    def client(self) -> docker.DockerClient:
        """The SDK's client. Raises ``EngineGone``."""
        if self._client is None:
            self._client = self._connect(TIMEOUT_S)
        return self._client

    @property
    def api(self) -> docker.APIClient:
        """Its lower half, whose words are those of the engine's API. Raises ``EngineGone``."""
        return self.client.api

    def check(self) -> EngineFacts:
        """What the engine can do. Raises ``ServiceTrouble`` with advice when none answers."""
        try:
            self._client = self._connect(ANSWERS_WITHIN_S)
            with engine_errors():
                info: dict[str, Any] = self.api.info()
            self.api.timeout = TIMEOUT_S
        except (EngineGone, EngineRefusal) as trouble:
            raise ServiceTrouble(
                f"no Docker engine answers at {self.address}: start it or use --backend process "
                f"({_first_cause(trouble)})"
            ) from trouble
        return EngineFacts(
            cpus=int(info.get("NCPU") or 1),
            arch={"aarch64": "arm64"}.get(info.get("Architecture", ""), info["Architecture"]),
            limits_cpu=bool(info.get("CpuCfsQuota")),
            limits_memory=bool(info.get("MemoryLimit")),
            limits_swap=bool(info.get("SwapLimit")),
            limits_pids=bool(info.get("PidsLimit")),
        )

    # --- containers ------------------------------------------------------------------------------

    def create(self, name: str, settings: Mapping[str, Any]) -> None:
        """Create a container as the engine's API words it. 409: there is one of this name."""
        with engine_errors():
            create: Any = self.api.create_container_from_config
            create(dict(settings), name)

    def start(self, name: str) -> None:
        """Start it; one that runs is left as it is."""
        with engine_errors():
            self.api.start(name)

    def stop(self, name: str, timeout_s: int) -> None:
        """TERM, and KILL after the timeout; waits for its end. One that has ended is no error."""
        with engine_errors():
            self.api.stop(name, timeout=timeout_s)

    def inspect(self, name: str) -> dict[str, Any]:
        with engine_errors():
            found: dict[str, Any] = self.api.inspect_container(name)
        return found

    def remove(self, name: str) -> None:
        """Kill and remove it with its anonymous volumes. One that is not there is no error."""
        try:
            with engine_errors():
                self.api.remove_container(name, force=True, v=True)
        except EngineRefusal as refusal:
            # 409: its removal is under way already.
            if refusal.status not in (404, 409):
                raise

    def containers(self, label: str) -> dict[str, str]:
        """Names of all containers with this label, running or not, and their states."""
        with engine_errors():
            listed: list[dict[str, Any]] = self.api.containers(all=True, filters={"label": label})
        return {c["Names"][0].lstrip("/"): c["State"] for c in listed if c.get("Names")}

    def events(self, label: str, since: datetime) -> Any:
        """A stream of what happens to these containers. It never times out.

        ``close()`` on it, from any thread, ends it.
        """
        with engine_errors():
            return self._events(since=_seconds(since), filters=_events_of(label), decode=True)

    def past_events(self, label: str, until: datetime) -> list[dict[str, Any]]:
        """What the engine remembers: at most 256 events, and none from before its start."""
        with engine_errors():
            filters = _events_of(label)
            found = self._events(since="1", until=_seconds(until), filters=filters, decode=True)
            return list(found)

    @property
    def _events(self) -> Any:
        # The SDK's stubs know whole seconds only; the engine takes fractions, and they matter.
        return self.api.events

    # --- images ----------------------------------------------------------------------------------

    def image(self, reference: str) -> dict[str, Any] | None:
        """The image as the engine has it; None when it has not."""
        try:
            with engine_errors():
                inspect: Any = self.api.inspect_image
                found: dict[str, Any] = inspect(reference)
        except EngineRefusal as refusal:
            if refusal.status == 404:
                return None
            raise
        return found

    def pull(
        self, repository: str, tag: str, login: RegistryLogin | None = None
    ) -> Iterator[dict[str, Any]]:
        """Pull with this login, else with those of the ``docker`` command; its progress, line by
        line."""
        # None lets the SDK look for the command's own.
        pair = {"username": login.username, "password": login.password} if login else None
        with engine_errors():
            yield from self.api.pull(
                repository, tag=tag, stream=True, decode=True, auth_config=pair
            )

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _connect(self, timeout_s: int) -> docker.DockerClient:
        import docker
        from docker.utils import kwargs_from_env

        with engine_errors():
            options = kwargs_from_env() if self._given is None else {"base_url": self._given}
            return docker.DockerClient(version="auto", timeout=timeout_s, **options)


def _events_of(label: str) -> dict[str, str]:
    return {"type": "container", "label": label}


def _seconds(moment: datetime) -> str:
    return f"{moment.timestamp():.6f}"


def _first_cause(trouble: BaseException) -> str:
    """The system's own word for it, which the SDK wraps in several layers; else all of it."""
    cause: BaseException | None = trouble
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(trouble)


@contextmanager
def engine_errors() -> Iterator[None]:
    """The SDK's and its HTTP client's exceptions as ours, with their own words."""
    import requests
    import urllib3
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        status = error.response.status_code if error.response is not None else 500
        raise EngineRefusal(status, str(error.explanation or error)) from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as e:
        raise EngineGone(str(e)) from e
