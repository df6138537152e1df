"""What can go wrong with the runner's image, in words."""

from __future__ import annotations


class RunnerImageError(Exception):
    """The runner's image or its volume can't be had. The message says why and what to do."""
