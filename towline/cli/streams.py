"""Standard streams that may be closed, or may no longer take what is written to them."""

from __future__ import annotations

import os
import sys
from typing import IO


def open_closed_ones() -> None:
    """Stand in the null device for each of descriptors 0 to 2 that is closed.

    Otherwise the next file or connection would be made under that number, and what is meant for a
    stream would go into it; and ``sys`` would hold None in the stream's place.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            _point_nowhere(descriptor)
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, closefd=False))  # noqa: SIM115


def let_go(stream: IO[str] | IO[bytes]) -> None:
    """Point a stream's descriptor nowhere, so that what is still in its buffer fails no more."""
    _point_nowhere(stream.fileno())


def _point_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
