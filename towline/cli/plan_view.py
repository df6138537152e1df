"""A plan as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.quantities import format_duration, format_size

if TYPE_CHECKING:
    from chalicelib.repofile.planned import Plan, PlannedJob
    from chalicelib.repofile.repository_file import RepositoryFile
    from towline.cli.terminal import Terminal


def plan_lines(plan: Plan, file: RepositoryFile, terminal: Terminal) -> list[str]:
    """Jobs that run, with what they wait for; then what is left out, and why."""
    if plan.reason:
        return [f"nothing would run: {plan.reason}"]
    width = max(len(job.name) for job in plan.jobs)
    lines = [
        f"{terminal.paint(job.name.ljust(width), 'bold')}  {_details(job)}".rstrip()
        for job in plan.jobs
    ]
    lines += [
        terminal.paint(f"{left.name.ljust(width)}  left out: {left.reason}", "grey")
        for left in plan.left_out
    ]
    for schedule in file.schedules:
        branch = schedule.branch or "the default branch"
        lines.append(f"schedule {schedule.name}: {schedule.cron.text} (UTC), {branch}")
    if plan.cancel_previous:
        lines.append("the build before, of the same branch or pull request, would be cancelled")
    return lines


def _details(job: PlannedJob) -> str:
    phases = job.phases
    parts = [job.image or "the default image"]
    parts += [job.arch] if job.arch else []
    parts += [f"{job.cpu:g} CPU"] if job.cpu is not None else []
    parts += [format_size(job.memory_mib << 20)] if job.memory_mib is not None else []
    parts += [f"at most {format_duration(job.timeout_s)}"] if job.timeout_s is not None else []
    parts += ["setup"] if phases.setup is not None else []
    parts += ["after"] if phases.after is not None else []
    parts += [f"secrets {', '.join(job.secrets)}"] if job.secrets else []
    parts += ["may fail"] if job.allow_failure else []
    parts += [f"needs {', '.join(job.needs)}"] if job.needs else []
    return "; ".join(parts)
