"""Builds the runner's image on first use, and finds a built one again by its content."""

from towline.runner_build.ensure import DEFAULT_BASE, ensure_image, ensure_runner
from towline.runner_build.errors import RunnerImageError
from towline.runner_build.image import ENTRYPOINT, BuiltImage, RunnerImage
from towline.runner_build.sources import runner_folder, runner_program

__all__ = [
    "DEFAULT_BASE",
    "ENTRYPOINT",
    "BuiltImage",
    "RunnerImage",
    "RunnerImageError",
    "ensure_image",
    "ensure_runner",
    "runner_folder",
    "runner_program",
]
