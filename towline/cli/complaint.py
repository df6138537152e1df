"""What the service says of a field, said of the option that the user typed."""

from __future__ import annotations

from towline.cli.job_options import option_of
from towline.cli.problem import Problem
from towline.client.errors import Refused


def in_options(refused: Refused) -> Problem:
    """``timeout_s must be …`` becomes ``--timeout: must be …``; other words stay as they are."""
    if not refused.field:
        return Problem(str(refused))
    text = str(refused).removeprefix(refused.field).lstrip(": ")
    return Problem(f"{option_of(refused.field)}: {text}")
