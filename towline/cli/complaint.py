"""What the service says of a field, said of the option that the user typed."""

from __future__ import annotations

import re

from chalicelib.domain.quantities import format_duration, format_size
from towline.cli.job_options import option_of
from towline.cli.problem import Problem
from towline.client.errors import Refused

_LIMIT = re.compile(r"^(must be (?:at most|at least|greater than|less than) )([0-9]+)\.$")


def in_options(refused: Refused) -> Problem:
    """``timeout_s must be …`` becomes ``--timeout: must be …``; other words stay as they are."""
    if not refused.field:
        return Problem(str(refused))
    text = str(refused).removeprefix(refused.field).lstrip(": ")
    limit = _LIMIT.match(text)
    if limit:
        text = f"{limit[1]}{_as_typed(refused.field, int(limit[2]))}."
    return Problem(f"{option_of(refused.field)}: {text}")


def _as_typed(field: str, limit: int) -> str:
    """A limit in the units that the option takes: the service counts seconds, MiB and bytes."""
    if field.endswith("_s"):
        return format_duration(limit)
    if field.endswith("_mib"):
        return format_size(limit << 20)
    return format_size(limit) if field.endswith("_bytes") else str(limit)
