"""The sizes that Fargate offers. Pure.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_GIB = 1024


@dataclass(frozen=True, slots=True)
class FargateShape:
    """``cpu`` in units of 1/1024 vCPU, ``memory`` in MiB: a pair that Fargate takes."""

    cpu: int
    memory: int


# cpu units: the memory sizes in MiB that go with them
_OFFERED: dict[int, tuple[int, ...]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}


def smallest_shape(cpu: float, memory_mib: int) -> FargateShape | None:
    """The smallest that has at least ``cpu`` vCPU and this memory; None: Fargate has none so large.

    Less processor comes before less memory, as it costs more.
    """
    units = math.ceil(round(cpu * 1024, 6))
    for offered, sizes in _OFFERED.items():
        if offered >= units:
            fitting = next((size for size in sizes if size >= memory_mib), None)
            if fitting is not None:
                return FargateShape(offered, fitting)
    return None


def is_offered(cpu: int, memory: int) -> bool:
    """Whether Fargate takes this pair."""
    return memory in _OFFERED.get(cpu, ())
