"""The whole service in this process: what ``towline run`` and ``towline up`` start."""

from __future__ import annotations

import contextlib
import secrets
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from towline.local.backend_choice import choose, docker_backend, process_backend
from towline.local.bell import Bell
from towline.local.build_pumps import start_build_pumps, store_github
from towline.local.embedded_aws import REGION, EmbeddedAws
from towline.local.http_server import Answer, Incoming, LoopbackServer, error_answer
from towline.local.lambda_events import scheduled
from towline.local.queue_pump import QueuePump
from towline.local.timer import Timer

if TYPE_CHECKING:
    from chalicelib.domain.evidence import Stop
    from chalicelib.ports import RegistryLogin
    from chalicelib.settings import Settings
    from chalicelib.usecases.dispatcher import Dispatcher
    from towline.backends.docker_launch import HostOptions
    from towline.client.service import Service
    from towline.local.gateway import Gateway
    from towline.local.local_github import LocalGitHub
    from towline.local.relay import Relay
    from towline.local.ringing_meter import RingingMeter

REAP_S = 5.0
FLUSH_S = 0.25
"""Nothing is paid by request here, so a log may be sent in smaller pieces than in a deployment."""
MAX_BODY = 6 << 20
QUEUES = "https://queue.amazonaws.com/123456789012"


class LocalService:
    """One service: API, relay, pumps, a backend, and AWS in memory. One at a time in a process.

    ``changes`` rings when a log has grown or a job is over: one waiter may wait for it. Made by
    ``start``.
    """

    dispatcher: Dispatcher
    relay: Relay
    _gateway: Gateway
    _meter: RingingMeter

    def __init__(self, *, host: str = "127.0.0.1") -> None:
        self.changes = Bell()
        self.aws = EmbeddedAws()
        self.url = ""
        self.token = ""
        self.backend_name = ""
        self.backend_note = ""
        self._host = host
        self._github: LocalGitHub | None = None
        self._ready = False
        self._open = contextlib.ExitStack()

    @classmethod
    def start(
        cls,
        backend: str = "auto",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        progress: Callable[[str], None] = lambda _: None,
        host_options: HostOptions = lambda _: {},
        github: LocalGitHub | None = None,
    ) -> LocalService:
        """Start it and wait until it serves. ``backend`` is auto, docker or process.

        ``host_options`` are for the docker backend: what a job's container has besides.
        ``github``: None: without its secrets no webhook is taken.
        Raises ``BackendProblem`` (no engine, no runner image) and ``OSError`` (port in use); then
        nothing is left running.
        """
        service = cls(host=host)
        service._github = github
        try:
            service._start(backend, port, progress, host_options)
        except BaseException:
            service.close()
            raise
        return service

    def client(self) -> Service:
        """A client of this service that may do everything. Not for several threads at once."""
        from towline.client.service import Service

        return Service(self.url, self.token)

    def pause(self, timeout_s: float) -> bool:
        """Wait for a change, for at most so long; True when an attempt is over. For one waiter."""
        self.changes.wait(timeout_s)
        return self._meter.heard_of_an_end()

    def close(self) -> None:
        """End every job that runs, then the service. May be repeated."""
        self._open.close()
        self.changes.close()

    def _start(
        self,
        wanted: str,
        port: int,
        progress: Callable[[str], None],
        host_options: HostOptions,
    ) -> None:
        from chalicelib import wiring

        # Closed in the opposite order: first what begins new work, then the backend, whose runners
        # still report, then what they report to.
        self._open.callback(self.aws.close)
        self._open.callback(wiring.use, None)
        # The port first: when it is taken, that should be said at once.
        api = self._listen(self._host, port, self._serve, "towline-api")
        self.url = api.url
        choice = choose(wanted)
        self.backend_name, self.backend_note = choice.name, choice.note
        network, bind, name = "host", "127.0.0.1", "127.0.0.1"
        if choice.engine is not None:
            from towline.local.docker_network import route_to_here

            route = route_to_here(choice.engine)
            network, bind, name = route.network, route.bind, route.name
            choice.engine.close()
        relay = self._listen(bind, 0, self._serve_runner, "towline-relay")
        runner_url = f"http://{name}:{relay.port}"
        owner = uuid.uuid4().hex
        if choice.name == "docker":
            backend = docker_backend(
                runner_url=runner_url,
                on_stop=self._observe,
                owner=owner,
                network=network,
                progress=progress,
                host_options=host_options,
                logins=self._registry_login,
            )
        else:
            backend = process_backend(runner_url=runner_url, on_stop=self._observe, owner=owner)
        self._open.callback(backend.close)  # type: ignore[attr-defined]
        self._wire(backend, runner_url)

    def _wire(self, backend: Any, runner_url: str) -> None:
        from app import app, launcher, reaper
        from chalicelib import wiring
        from chalicelib.aws.clients import AwsClients, AwsCredentials
        from chalicelib.aws.permits import MAX_UPLOAD_BYTES
        from chalicelib.aws.provision import create_resources
        from chalicelib.ports import Scope
        from towline.local.gateway import Context, Gateway
        from towline.local.relay import UPLOAD, Relay
        from towline.local.ringing_meter import RingingMeter

        # This key pair signs upload permits and is good for nothing else: there is no other AWS.
        permit_key = AwsCredentials(f"LOCAL{secrets.token_hex(8)}", secrets.token_hex(32))
        clients = AwsClients(region=REGION, credentials=permit_key, session=self.aws.session())
        settings = _settings(runner_url, f"{runner_url}{UPLOAD}", self.url, self._github)
        create_resources(clients, settings)
        if self._github is not None:
            store_github(clients, settings, self._github)
        self._meter = RingingMeter(self.changes.ring)
        dispatcher = wiring.build(settings, clients, backend=backend, meter=self._meter)
        self.dispatcher = dispatcher
        wiring.use(dispatcher)
        self._gateway = gateway = Gateway(app)
        self.relay = Relay(
            gateway,
            s3=clients.s3,
            bucket=settings.bucket,
            secret_key=permit_key.secret_key,
            max_upload=MAX_UPLOAD_BYTES,
            clock=wiring.utc_now,
            arrived=self.changes.ring,
        )
        pump = QueuePump(
            "launch",
            clients.sqs,
            settings.queue_url,
            lambda event: launcher(event, Context()),
        )
        self._open.callback(pump.close)
        self.aws.watch("sqs", pump.asked)
        start_build_pumps(self.aws, clients, settings, self._open)
        timer = Timer(
            REAP_S, lambda: reaper(scheduled(wiring.utc_now()), Context()), name="towline-reaper"
        )
        self._open.callback(timer.close)
        _, self.token = dispatcher.create_token("local", [Scope.ADMIN])
        self._ready = True

    def _listen(
        self, host: str, port: int, exchange: Callable[[Incoming], Answer], name: str
    ) -> LoopbackServer:
        server = LoopbackServer(host, port, exchange, name=name)
        self._open.callback(server.close)
        return server

    def _serve(self, request: Incoming) -> Answer:
        if not self._ready:
            return error_answer(503, "starting", "The service is starting.")
        body = bytes(request.body(MAX_BODY))
        headers = dict(request.headers.items())
        return self._gateway.handle(
            request.method, request.target, headers, body, request.client_ip
        )

    def _serve_runner(self, request: Incoming) -> Answer:
        if not self._ready:
            return error_answer(503, "starting", "The service is starting.")
        return self.relay(request)

    def _registry_login(self, name: str) -> RegistryLogin | None:
        return self.dispatcher.collaborators.registries.login(name)

    def _observe(self, job_id: str, attempt: int, stop: Stop) -> None:
        """The backend's word on a task, as the ECS event handler would take it."""
        self.dispatcher.observe_stop(job_id, attempt, stop)


def _settings(
    runner_url: str, upload_url: str, own_url: str, github: LocalGitHub | None
) -> Settings:
    from chalicelib.settings import Settings

    # moto's state is one for the whole process: names of our own keep services apart.
    name = f"towline-{secrets.token_hex(6)}"
    return Settings(
        table=name,
        bucket=name,
        queue_url=f"{QUEUES}/{name}",
        builds_queue_url=f"{QUEUES}/{name}-builds.fifo",
        notices_queue_url=f"{QUEUES}/{name}-notices.fifo",
        public_url=runner_url,
        stage="local",
        prefix=f"/{name}",
        github_url=github.url if github else "",
        pages_url=(github.public_url if github else "") or own_url,
        upload_url=upload_url,
        log_links=False,
        flush_s=FLUSH_S,
    )
