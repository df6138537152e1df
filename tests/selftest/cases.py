"""Cases for tests, made briefly."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.verdict import Verdict
from towline.selftest.case import Case, Ending
from towline.selftest.content import Content

PASSED = Ending(Verdict.PASSED, exit_code=0)


def case(
    name: str = "it",
    script: str = "exit 0\n",
    *,
    run_by: tuple[str, ...] | None = ("bash",),
    **fields: Any,
) -> Case:
    """A case that passes, unless ``fields`` say otherwise. ``run_by`` is its shell's argv."""
    fields.setdefault("ends", PASSED)
    content = Content.of(script.encode())
    return Case(name=name, why="a test", script=content, shell=run_by, **fields)


def failed(code: int) -> Ending:
    """The end of a script that exits with ``code``."""
    return Ending(Verdict.FAILED, exit_code=code)
