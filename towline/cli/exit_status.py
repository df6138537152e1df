"""What the command's own exit status says of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

USAGE = 2
TIMED_OUT = 124
ERRORED = 125
CANCELLED = 130

TABLE = f"""\
exit status:
  0    passed
  N    failed: the script's own exit status, or 128 + N when signal N killed it
  {TIMED_OUT}  timed out, or silent for too long
  {ERRORED}  errored: Towline could not run it or lost it; says nothing of the script
  {CANCELLED}  cancelled (Ctrl-C)
  {USAGE}    the command was used wrongly, or the service can't be started or reached
A script may itself exit with any of these. The unambiguous form is --json."""


def of_job(job: Mapping[str, Any]) -> int:
    """The status for a finished job as the service shows it."""
    verdict = job["verdict"]
    if verdict == "failed":
        return failed_status(job.get("exit_code"), job.get("signal"))
    return {"passed": 0, "timed_out": TIMED_OUT, "cancelled": CANCELLED}.get(verdict, ERRORED)


def failed_status(code: int | None, signal: int | None) -> int:
    """A failed script's status as a shell would show it; never 0."""
    if signal is not None:
        return 128 + signal
    return code or 1
