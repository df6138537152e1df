"""Serve MiniStack with the bridges in place, until standard input ends."""

from __future__ import annotations

import importlib.metadata
import os
import sys

VERSION = "1.5.33"


def main() -> None:
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        sys.exit(
            f"The bridges are written for ministack {VERSION} and this is {found}: they reach into"
            " its modules. Install the pinned version with ci/ministack.sh."
        )
    python = ".".join(map(str, sys.version_info[:2]))
    if os.environ.get("TOWLINE_BRIDGE_PYTHON", python) != python:
        sys.exit(
            f"MiniStack's environment has Python {python}, but the functions are packaged for"
            f" {os.environ['TOWLINE_BRIDGE_PYTHON']} and run by it: make it anew with that one."
        )
    from tests.deployed.bridge import (
        addresses,
        authority,
        figures,
        lifeline,
        registry,
        tasks,
        templates,
    )

    lifeline.hold()
    for module in (addresses, authority, figures, registry, tasks, templates):
        module.bridge()

    import ministack.app

    ministack.app.main()


if __name__ == "__main__":
    main()
