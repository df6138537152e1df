"""Memory and CPU: the runner's own, the job's peak, and how often the kernel killed for lack of it.

Best effort, for annotation alone; no verdict rests on it.
"""

from __future__ import annotations

import os
import resource
import time

_OOM_V2 = "/sys/fs/cgroup/memory.events"
_OOM_V1 = "/sys/fs/cgroup/memory/memory.oom_control"
_PEAK_V2 = "/sys/fs/cgroup/memory.peak"
_PEAK_V1 = "/sys/fs/cgroup/memory/memory.max_usage_in_bytes"


def runner_cpu_s() -> float:
    """CPU time of the runner alone, all its threads, without the script's."""
    return round(time.process_time(), 3)


def runner_peak_kib() -> int:
    """The most memory that this process had at once.

    Not ``ru_maxrss`` where it can be helped: that remembers the process that we were started by
    (getrusage(2): it is kept across execve).
    """
    for line in _read("/proc/self/status").splitlines():
        name, _, rest = line.partition(":")
        if name == "VmHWM":
            return int(rest.split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Usage:
    """Counts from its creation on. In a container the cgroup is the job's (and ours); outside of
    one it belongs to who knows whom, and only what the kernel tells of our own children is used."""

    def __init__(self) -> None:
        self._in_container = os.getpid() == 1
        self._kills_before = self._kills()

    def oom_kills(self) -> int:
        return max(0, self._kills() - self._kills_before)

    def job_peak_kib(self) -> int:
        """The cgroup's peak, else that of the largest single process of the job."""
        if self._in_container:
            for file in (_PEAK_V2, _PEAK_V1):
                text = _read(file).strip()
                if text.isdigit():
                    return int(text) >> 10
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    def _kills(self) -> int:
        if not self._in_container:
            return 0
        for file in (_OOM_V2, _OOM_V1):
            for line in _read(file).splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill" and count.strip().isdigit():
                    return int(count)
        return 0


def _read(file: str) -> str:
    try:
        with open(file, encoding="ascii", errors="replace") as opened:
            return opened.read(4096)
    except OSError:
        return ""
