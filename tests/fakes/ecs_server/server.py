"""The HTTP side: JSON 1.1, one operation a request, on loopback."""

from __future__ import annotations

import itertools
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tests.fakes.ecs_server.board import Board
from tests.fakes.ecs_server.definitions import Definitions
from tests.fakes.ecs_server.errors import EcsError
from tests.fakes.ecs_server.events import EventStream, OnEvent
from tests.fakes.ecs_server.faults import Faults, LoseAnswer, Refuse, StartNothing
from tests.fakes.ecs_server.puppets import Puppets
from tests.fakes.ecs_server.tasks import Task

if TYPE_CHECKING:
    import docker

PREFIX = "AmazonEC2ContainerServiceV20141113."
_servers = itertools.count(1)


class EcsServer:
    """A context manager. ``endpoint`` is its address; ``cluster`` is there from the start.

    With ``docker_client`` tasks are real containers (``network``: the engine's network they
    are in); without, the test moves them by ``puppets``. ``on_event`` gets each event, from one
    thread, some twice and not in order. Leaving ends every container that it started.
    """

    def __init__(
        self,
        docker_client: docker.DockerClient | None = None,
        seed: int = 0,
        on_event: OnEvent | None = None,
        *,
        cluster: str = "towline",
        network: str = "host",
    ) -> None:
        salt = (os.getpid() << 32) + next(_servers)
        self.cluster = cluster
        self.owner = f"{salt:x}"
        """The value of the label that its containers and volumes carry."""
        self.faults = Faults()
        self.definitions = Definitions()
        self.events = EventStream(on_event, seed)
        self.puppets = Puppets()
        self._runner: Any = self.puppets
        if docker_client is not None:
            from tests.fakes.ecs_server.containers import Containers

            self._runner = Containers(docker_client, network, self.owner)
        self.board = Board(self.definitions, self._runner, self.events.tell, salt)
        providers = ["FARGATE", "FARGATE_SPOT"]
        self.board.create_cluster({"clusterName": cluster, "capacityProviders": providers})
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._runner.close()
        self.events.close()

    def operations(self) -> list[str]:
        """The operations asked for since the last call, in order."""
        seen = [operation for operation, _ in self.requests]
        self.requests.clear()
        return seen

    def tasks(self) -> list[Task]:
        """Every task ever started here, oldest first."""
        return self.board.all()

    def answer(self, operation: str, parameters: dict[str, Any]) -> Any:
        """Carry out one operation; None loses the answer. Raises ``EcsError``."""
        self.requests.append((operation, parameters))
        fault = self.faults.take(operation)
        if isinstance(fault, Refuse):
            raise fault.error
        nothing = fault if isinstance(fault, StartNothing) else None
        answer = self._carry_out(operation, parameters, nothing)
        return None if isinstance(fault, LoseAnswer) else answer

    def _carry_out(
        self, operation: str, parameters: dict[str, Any], nothing: StartNothing | None
    ) -> Any:
        if operation == "RunTask":
            return self.board.run_task(parameters, nothing)
        operations = {
            "StopTask": self.board.stop_task,
            "DescribeTasks": self.board.describe_tasks,
            "ListTasks": self.board.list_tasks,
            "CreateCluster": self.board.create_cluster,
            "RegisterTaskDefinition": self.definitions.register,
            "DescribeTaskDefinition": self.definitions.describe,
            "DeregisterTaskDefinition": self.definitions.deregister,
        }
        if operation not in operations:
            raise EcsError("UnknownOperationException", f"{operation} is not here")
        return operations[operation](parameters)


def _handler(server: EcsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: two of them wait for the client's delayed acknowledgement.
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            target = self.headers.get("X-Amz-Target", "")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
                    raise EcsError("MissingAuthenticationTokenException", "Missing Token")
                if not target.startswith(PREFIX):
                    raise EcsError("UnknownOperationException", f"{target} is not ECS's")
                answer = server.answer(target.removeprefix(PREFIX), json.loads(body or b"{}"))
            except EcsError as refused:
                shown = {"__type": refused.code, "message": refused.message, **refused.extra}
                self._send(refused.status, shown)
                return
            if answer is None:
                self.close_connection = True
                return
            self._send(200, answer)

        def _send(self, status: int, shown: dict[str, Any]) -> None:
            body = json.dumps(shown).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Requests are in ``EcsServer.requests``."""

    return Handler
