"""The process backend on the bench."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.backends.rig import Rig, Stops
from tests.fakes.service_server import FakeService
from towline.backends.keeper.descendants import below, process_table
from towline.backends.process import ProcessBackend


def process_rig(
    service: FakeService,
    owner: str,
    *,
    runner: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Rig:
    made: list[ProcessBackend] = []

    def backend(stops: Stops, service: FakeService) -> ProcessBackend:
        made.append(
            ProcessBackend(
                runner_url=service.url,
                on_stop=stops,
                owner=owner,
                runner=runner,
                environment=environment,
            )
        )
        return made[0]

    def pid_of(task_id: str) -> int:
        """The keeper's one child: a test that asks has one task."""
        (pid,) = (s.pid for s in process_table().values() if s.parent == made[0].keeper_pid)
        return pid

    def left() -> list[str]:
        found = below([made[0].keeper_pid], process_table())
        return [str(seen) for seen in found if not seen.zombie]

    return Rig(backend, service, pid_of=pid_of, left=left, image=None)
