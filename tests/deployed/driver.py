"""Towline as its users have it: the command in a process of its own, and one deployment."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deployed.emulator import ACCOUNT, REGION, ROOT, Emulator

STAGE = "ci"
ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
"""Jobs run on this machine, and so do the functions, with compiled libraries in their layer."""
# One worker has the one deployment; the first test makes it, and some deploy again.
MARKS = [
    pytest.mark.docker,
    pytest.mark.registry,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("deployed"),
]
FUNCTIONS = ("api", "launcher", "task-state", "builder", "notifier", "outbox", "reaper")
"""As their logs are called."""
COMMAND_WITHIN_S = 60
JOB_WITHIN_S = 240
"""A message that an update took with its function is sent again by the reaper in two minutes."""
DEPLOY_WITHIN_S = 150


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: bytes
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def towline(
    *words: str,
    env: Mapping[str, str],
    stdin: bytes = b"",
    within_s: float = COMMAND_WITHIN_S,
    root: Path = ROOT,
) -> Ran:
    """Run the command of the source tree at ``root`` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "towline", *words],
        input=stdin,
        check=False,
        capture_output=True,
        env={**env, "PYTHONPATH": str(root)},
        cwd=root,
        timeout=within_s,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


class Deployment:
    """A service that ``deploy`` put into the emulator, and what may be asked of it."""

    def __init__(self, emulator: Emulator, github_url: str) -> None:
        self.emulator = emulator
        self.github_url = github_url
        self.token = ""
        self.arch = ("--arch", ARCH)

    def deploy(self, *options: str, root: Path = ROOT) -> dict[str, Any]:
        """``towline deploy``; its first run gives the token that the other commands use.

        ``--yes``, as the emulator's change sets call most updates replacements.
        """
        address = f"PublicUrl={self.emulator.public_url}"
        github = f"GitHubUrl={self.github_url}"
        ran = self._operator(
            "deploy", "--yes", "--json", *self.arch, "--function-arch", ARCH,
            "--parameter", address, "--parameter", github, *options, root=root,
        )  # fmt: skip
        assert ran.status == 0, told(ran)
        outcome: dict[str, Any] = ran.json()
        self.token = outcome["token"] or self.token
        return outcome

    def destroy(self, *options: str) -> Ran:
        return self._operator("destroy", "--yes", *options)

    def command(self, *words: str, stdin: bytes = b"", within_s: float = COMMAND_WITHIN_S) -> Ran:
        """A command of a user, who has an address and a token and no AWS credentials."""
        env = surroundings() | {
            "TOWLINE_URL": self.emulator.public_url,
            "TOWLINE_TOKEN": self.token,
        }
        return towline(*words, env=env, stdin=stdin, within_s=within_s)

    def must(self, *words: str, stdin: str = "") -> None:
        """A command of a user's that works."""
        ran = self.command(*words, stdin=stdin.encode())
        assert ran.status == 0, told(ran)

    def version(self) -> str:
        """Of the code that answers."""
        with urllib.request.urlopen(f"{self.emulator.public_url}/health", timeout=30) as answer:
            return str(json.load(answer)["version"])

    def enqueue(self, script: str, *options: str) -> str:
        """The id of a new job that runs this script."""
        ran = self.command("enqueue", *self.arch, *options, "-", stdin=script.encode())
        assert ran.status == 0, told(ran)
        return ran.out.decode().strip()

    def finished(self, job_id: str) -> dict[str, Any]:
        """The job once it is over, as ``show --json`` has it."""
        followed = self.command("log", "--follow", job_id, within_s=JOB_WITHIN_S)
        assert followed.status == 0, told(followed)
        return self.shown(job_id)

    def wait_for(self, job_id: str, state: str) -> dict[str, Any]:
        """The job once it is in this state."""
        deadline = time.monotonic() + JOB_WITHIN_S
        while (job := self.shown(job_id))["state"] != state:
            assert time.monotonic() < deadline, f"not {state} within {JOB_WITHIN_S} s: {job}"
            time.sleep(0.2)
        return job

    def shown(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = self.command("show", "--json", job_id).json()
        return job

    def log(self, job_id: str) -> bytes:
        return self.command("log", job_id).out

    def reap(self) -> None:
        """A pass of the reaper, without waiting for its minute."""
        event = {
            "version": "0",
            "id": "1",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": "2026-01-01T00:00:00Z",
            "region": REGION,
            "resources": [],
            "detail": {},
        }
        passed = self.emulator.client("lambda").invoke(
            FunctionName=self.resource("Reaper"), Payload=json.dumps(event)
        )
        assert "FunctionError" not in passed, passed["Payload"].read()

    def functions_output(self) -> str:
        """All that the functions have written to their logs."""
        logs = self.emulator.client("logs")
        lines = []
        for group in FUNCTIONS:
            name = f"/towline/{STAGE}/{group}"
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                lines += [event["message"] for event in page["events"]]
        return "\n".join(lines)

    def resource(self, logical_id: str) -> str:
        """The physical name of a resource of the service's stack."""
        found = self.emulator.client("cloudformation").describe_stack_resource(
            StackName=f"towline-{STAGE}", LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def data(self, output: str) -> str:
        """An output of the data stack."""
        [stack] = self.emulator.client("cloudformation").describe_stacks(
            StackName=f"towline-{STAGE}-data"
        )["Stacks"]
        return str(next(o["OutputValue"] for o in stack["Outputs"] if o["OutputKey"] == output))

    def _operator(self, command: str, *options: str, root: Path = ROOT) -> Ran:
        env = surroundings() | self.emulator.environment()
        # Packaging unpacks thousands of files, and the emulator's folder is a quick place.
        env["TMPDIR"] = str(self.emulator.folder)
        return towline(
            command, "--stage", STAGE, "--region", REGION, *options,
            env=env, within_s=DEPLOY_WITHIN_S, root=root,
        )  # fmt: skip


def surroundings() -> dict[str, str]:
    """What a command of ours needs of this process's environment, and nothing of AWS."""
    kept = ("PATH", "HOME", "DOCKER_HOST", "TOWLINE_RUNNER_BASE")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    own.setdefault("TOWLINE_RUNNER_BASE", "towline-base:bookworm")
    return own


def told(ran: Ran) -> str:
    """What a command said, for a test that fails."""
    return f"exit status {ran.status}\n{ran.out.decode()}\n{ran.err}"
