"""Words for the operator, on standard error: what the service can't be told."""

from __future__ import annotations

import os


def say(words: str) -> None:
    """Never fails; nobody may be listening."""
    try:
        os.write(2, f"towline-runner: {words}\n".encode("utf-8", "replace"))
    except OSError:
        return
