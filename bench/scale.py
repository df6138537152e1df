"""Lane 5: how long a full launch queue takes to drain, beside Fargate's own launch rate.

``python -m bench scale`` runs it alone, with 100,000 jobs.
"""

from __future__ import annotations

from bench.figures import line, title
from bench.scale_aws import LAUNCH_BUCKET, RUN_TASK_BUCKET
from bench.scale_run import Drained, Scenario, simulate

LAUNCHERS = 20
"""As the template has it (LauncherConcurrency)."""


def run(jobs: int) -> None:
    title(f"{jobs:,} jobs at once, in simulated time, with AWS's limits (docs/scale.md)")
    line("Fargate's launches a second, one task a call", f"{LAUNCH_BUCKET[1]}")
    plain = simulate(Scenario(jobs, launchers=LAUNCHERS))
    line("the launch rate alone, s", f"{plain.limit_s:,.0f}")
    line("the dispatcher, s", f"{plain.took_s:,.0f}")
    line("the dispatcher / the launch rate", f"{plain.ratio:.3f}", "<= 1.10")
    line(
        f"RunTask requests a second, of {RUN_TASK_BUCKET[1]} shared with StopTask",
        f"{plain.counts['run_task'] / plain.took_s:.0f}",
        f"< {RUN_TASK_BUCKET[1]}",
    )
    _shares(plain, jobs)
    slow = simulate(Scenario(jobs, launchers=LAUNCHERS, run_task_s=0.8))
    line("the same, when RunTask takes 0.8 s", f"{slow.ratio:.3f}", "<= 1.10")
    full = simulate(Scenario(jobs, launchers=LAUNCHERS, capacity=jobs // 20))
    line(
        f"with room for {jobs // 20:,} tasks / what that room allows",
        f"{full.ratio:.3f}",
        "<= 1.10",
    )


def _shares(drained: Drained, jobs: int) -> None:
    counts = drained.counts
    line("launches that were put off, a job", f"{(counts['messages'] - jobs) / jobs:.2f}")
    line("table writes, a job, from launch to verdict", f"{counts['writes'] / jobs:.1f}")
    line("messages that the reaper sent again, a job", f"{counts['sent_again'] / jobs:.2f}")
    line("longest wait of a running job for the reaper, s", f"{drained.reaper_lag_s:.0f}", "<= 60")
