"""Running a piece of Python with the runner's folder inside some image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import ContainerError

from towline.runner_build import RunnerImage

INTERPRETER_ARGUMENTS = ["-I", "-S", "-B"]


@dataclass(frozen=True, slots=True)
class InImage:
    """The runner's interpreter, mounted read-only into an image as a job's own image gets it."""

    client: docker.DockerClient
    runner: RunnerImage

    @property
    def interpreter(self) -> list[str]:
        """The runner's command up to the program that it runs."""
        return list(self.runner.entrypoint[:-1])

    def text(self, image: str, code: str, **options: Any) -> str:
        """What ``code`` prints. Raises AssertionError with its standard error when it fails."""
        try:
            output = self.client.containers.run(
                image,
                entrypoint=self.interpreter,
                command=["-c", code],
                volumes={self.runner.volume: {"bind": self.runner.folder, "mode": "ro"}},
                remove=True,
                labels={"towline.test": "image"},
                **options,
            )
        except ContainerError as trouble:
            shown = str(trouble.stderr)
            raise AssertionError(f"status {trouble.exit_status} in {image}:\n{shown}") from trouble
        return bytes(output).decode()

    def value(self, image: str, code: str, **options: Any) -> Any:
        """The value that ``code`` leaves in ``result``, by way of JSON."""
        return json.loads(
            self.text(image, f"{code}\nimport json; print(json.dumps(result))", **options)
        )
