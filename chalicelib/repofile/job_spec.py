"""A planned job as the ``JobSpec`` that is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.checkout import Checkout
from chalicelib.domain.spec import DEFAULT_TIMEOUT_S, JobSpec
from chalicelib.repofile.job_script import job_script
from chalicelib.repofile.planned import PlannedJob

_SAME = (
    "image",
    "registry_credentials",
    "user",
    "timeout_s",
    "silence_timeout_s",
    "grace_s",
    "cpu",
    "memory_mib",
    "arch",
    "capacity",
    "retry_lost",
)


def job_spec(
    planned: PlannedJob,
    *,
    project: str,
    checkout: Checkout | None = None,
    env: Mapping[str, str | None] | None = None,
) -> JobSpec:
    """The same planned job and arguments give the same spec, so a repeat is recognised.

    ``checkout`` is the commit; how much of it is fetched is the file's, and a job that wants none
    gets none. ``env`` is what every job of the build is told besides; the file's own variables go
    over it. What the file leaves open is not set, so that the project's defaults count.
    Raises pydantic's ``ValidationError`` for what no job may have.
    """
    given: dict[str, Any] = {name: getattr(planned, name) for name in _SAME}
    given = {name: value for name, value in given.items() if value is not None}
    if checkout is not None and planned.checkout is not None:
        given["checkout"] = checkout.model_copy(update=planned.checkout.model_dump())
    return JobSpec(
        project=project,
        name=planned.name,
        env={**(env or {}), **planned.env},
        secrets=planned.secrets,
        **given,
        **_what_runs(planned),
    )


def _what_runs(planned: PlannedJob) -> dict[str, Any]:
    phases, workdir = planned.phases, planned.workdir
    absolute = workdir if workdir is not None and workdir.startswith("/") else None
    placed: dict[str, Any] = {} if absolute is None else {"workdir": absolute}
    enter = workdir if absolute is None else None
    alone = phases.setup is None and phases.after is None and not phases.marks_phases
    if alone and enter is None:
        # Nothing around it: the runner starts the script itself.
        return {"script": phases.script.text, "shell": phases.script.argv, **placed}
    script = job_script(
        phases,
        workdir=enter,
        timeout_s=DEFAULT_TIMEOUT_S if planned.timeout_s is None else planned.timeout_s,
        silence_timeout_s=planned.silence_timeout_s,
    )
    return {"script": script, "tells_phases": True, **placed}
