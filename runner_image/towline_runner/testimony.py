"""The report: what the runner saw, as docs/protocol.md lays it out."""

from __future__ import annotations

import time

from towline_runner.log import Log
from towline_runner.supervise import Ending
from towline_runner.upload import Uploads
from towline_runner.usage import Usage, runner_cpu_s, runner_peak_kib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_DETAIL_MOST = 2000


def not_started(why: str) -> dict[str, Any]:
    """The script was never started; ``why`` is a sentence for its owner."""
    return {
        "exit": {"code": None, "signal": None},
        "ended_by": "not_started",
        "detail": why[:_DETAIL_MOST],
        "argv": [],
        "phases": [],
        "started_at": None,
        "ended_at": stamp(time.time()),
        "log": {
            "bytes": 0,
            "chunks": 0,
            "sha256": _EMPTY_SHA256,
            "omitted_bytes": 0,
            "dropped_bytes": 0,
            "drained": True,
            "archived": False,
        },
        "survivors": 0,
        "runner_peak_kib": runner_peak_kib(),
        "runner_cpu_s": runner_cpu_s(),
        "job_peak_kib": 0,
        "oom_kills": 0,
    }


def without_script(
    ended_by: str, why: str, *, log: Log, uploads: Uploads, drained: bool, usage: Usage
) -> dict[str, Any]:
    """The script was not started, but the log has something to say: there was a checkout."""
    return {
        **not_started(why),
        "ended_by": ended_by,
        "log": _log(log, uploads, drained=drained),
        "job_peak_kib": usage.job_peak_kib(),
        "oom_kills": usage.oom_kills(),
    }


def ended(
    ending: Ending,
    *,
    argv: list[str],
    phases: list[str],
    started: float,
    stopped: float,
    log: Log,
    drained: bool,
    uploads: Uploads,
    survivors: int,
    usage: Usage,
) -> dict[str, Any]:
    """The script was started and has ended. Times are of the wall clock, in seconds; ``phases``:
    what it told of itself."""
    return {
        "exit": {"code": ending.code, "signal": ending.signal},
        "ended_by": ending.ended_by,
        "detail": None,
        "argv": argv,
        "phases": phases,
        "started_at": stamp(started),
        "ended_at": stamp(stopped),
        "log": _log(log, uploads, drained=drained),
        "survivors": survivors,
        "runner_peak_kib": runner_peak_kib(),
        "runner_cpu_s": runner_cpu_s(),
        "job_peak_kib": usage.job_peak_kib(),
        "oom_kills": usage.oom_kills(),
    }


def _log(log: Log, uploads: Uploads, *, drained: bool) -> dict[str, Any]:
    return {
        "bytes": log.size,
        "chunks": log.chunks,
        "sha256": log.sha256(),
        "omitted_bytes": log.omitted,
        "dropped_bytes": log.dropped + log.size - uploads.delivered,
        "drained": drained,
        "archived": uploads.archived,
    }


def stamp(seconds: float) -> str:
    """UTC with microseconds, as the service keeps and shows all times."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1_000_000) % 1_000_000:06d}Z"
