"""``make demo``: a small repository's jobs through the whole service, embedded, with a live log.

Accept, queue, launch, claim, run, stream, report, stop, decide: all of it happens, in this process
and the runner's, with neither Docker nor an AWS account.
"""

from __future__ import annotations

import sys
from pathlib import Path

from towline.cli.exit_status import of_job
from towline.cli.local_options import start_service
from towline.cli.problem import Problem
from towline.cli.run import run_job
from towline.cli.terminal import Terminal

REPOSITORY = Path(__file__).parent / "textstat"
JOBS = {"unit": "passed", "regressions": "failed"}
"""The scripts in ``ci/`` and how each ends: one test of the second waits for a bug to be mended."""


def main() -> int:
    """0 when each job ended as it should."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    terminal = Terminal(sys.stdout)
    try:
        local = start_service("process", terminal)
    except Problem as problem:
        terminal.fail(str(problem))
        return 2
    verdicts = {}
    try:
        for name in JOBS:
            terminal.line(f"\n{terminal.paint(f'$ towline run ci/{name}.sh', 'bold')}")
            spec = {
                "project": "textstat",
                "name": name,
                "script": (REPOSITORY / "ci" / f"{name}.sh").read_text(),
                "workdir": str(REPOSITORY),
                "env": {"PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"},
                "timeout_s": 60,
            }
            job = run_job(local, spec, {}, terminal, sys.stdout.buffer)
            verdicts[name] = job["verdict"]
            terminal.say(f"towline run would exit with status {of_job(job)}")
    finally:
        local.close()
    terminal.line("\nverdicts:")
    for name, verdict in verdicts.items():
        expected = "as it should" if verdict == JOBS[name] else f"should be {JOBS[name]}"
        terminal.line(f"  {name:12} {verdict:8} {expected}")
    return 0 if verdicts == JOBS else 1


if __name__ == "__main__":
    sys.exit(main())
