"""A newer version over the running one, the same one again, and the service taken off and back."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Self

import docker
import pytest
from docker.models.containers import Container

from tests.deployed.driver import MARKS, STAGE, Deployment, told
from tests.deployed.emulator import ROOT
from tests.fakes.ecs_server.container_settings import LABEL

pytestmark = MARKS
NEWER = "99.0.0"
PARTS = ("app.py", "chalicelib", "constraints.txt", "infra", "requirements.txt", "runner_image",
         "towline")  # fmt: skip
WAITS = "echo waiting; until [ -e /tmp/go ]; do sleep 0.1; done; echo done"


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The source tree of a next version: other code in the functions."""
    root = tmp_path / "newer"
    root.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, root / part)
    version = root / "chalicelib" / "version.py"
    version.write_text(version.read_text() + f'VERSION = "{NEWER}"\n')
    return root


class Pushes:
    """A team that goes on pushing while the service is updated."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._push)
        self.jobs: list[str] = []
        self.refused: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _push(self) -> None:
        while not self._enough.wait(0.5):
            ran = self._deployment.command("enqueue", *self._deployment.arch, "--", "true")
            if ran.status == 0:
                self.jobs.append(ran.out.decode().strip())
            else:
                self.refused.append(told(ran))


def test_an_upgrade_over_jobs_in_flight_loses_nothing(
    deployment: Deployment, docker_client: docker.DockerClient, newer: Path
) -> None:
    across = deployment.enqueue(WAITS)
    deployment.wait_for(across, "running")
    with Pushes(deployment) as pushes:
        outcome = deployment.deploy("--parameter", "LogRetentionDays=14", root=newer)
    assert outcome["stacks"] == {
        f"towline-{STAGE}-data": "unchanged",
        f"towline-{STAGE}": "updated",
    }
    assert deployment.version() == NEWER
    assert pushes.jobs
    assert pushes.refused == []

    job = deployment.shown(across)
    assert job["state"] == "running"
    [container] = _containers(docker_client, deployment, job["attempts"][0]["task_id"])
    container.exec_run(["touch", "/tmp/go"])
    job = deployment.finished(across)
    assert job["verdict"] == "passed", job
    assert deployment.log(across) == b"waiting\ndone\n"
    verdicts = {job_id: deployment.finished(job_id)["verdict"] for job_id in pushes.jobs}
    assert set(verdicts.values()) == {"passed"}, verdicts

    again = deployment.deploy(root=newer)
    assert set(again["stacks"].values()) == {"unchanged"}
    assert again["token"] is None


def test_destroy_asks_for_jobs_that_run_and_keeps_what_the_next_deploy_finds(
    deployment: Deployment, docker_client: docker.DockerClient
) -> None:
    kept = deployment.enqueue("echo kept; exit 3")
    assert deployment.finished(kept)["verdict"] == "failed"
    running = deployment.enqueue(WAITS)
    task = deployment.wait_for(running, "running")["attempts"][0]["task_id"]

    refused = deployment.destroy()
    assert refused.status == 2, told(refused)
    assert running in refused.err
    assert deployment.shown(running)["state"] == "running"

    gone = deployment.destroy("--force")
    assert gone.status == 0, told(gone)
    assert not _containers(docker_client, deployment, task)
    assert deployment.command("show", kept).status != 0

    outcome = deployment.deploy()
    assert outcome["stacks"] == {
        f"towline-{STAGE}-data": "unchanged",
        f"towline-{STAGE}": "created",
    }
    assert outcome["token"] is None, "the token that there was is still good"
    assert deployment.shown(kept)["verdict"] == "failed"
    assert deployment.log(kept) == b"kept\n"
    assert deployment.shown(running)["verdict"] == "cancelled"
    assert deployment.finished(deployment.enqueue("exit 5"))["verdict"] == "failed"


def _containers(client: docker.DockerClient, deployment: Deployment, task: str) -> list[Container]:
    labels = [f"{LABEL}={deployment.emulator.owner}", f"com.amazonaws.ecs.task-arn={task}"]
    return client.containers.list(all=True, ignore_removed=True, filters={"label": labels})
