"""A spec as its project has it: what was left open is filled in, what is too much is refused."""

from __future__ import annotations

from chalicelib.domain.project import OverCap, Project, check_caps, with_defaults
from chalicelib.domain.spec import JobSpec
from chalicelib.usecases.errors import SpecRefused


def fit_spec(project: Project | None, spec: JobSpec, *, restricted: bool, pinned: bool) -> JobSpec:
    """The spec as the project runs it. ``pinned``: it says all that it means, defaults included.

    Raises ``SpecRefused`` for a disabled project, for more than its caps, and for a stranger's code
    that asks for a login of the project's.
    """
    if restricted and spec.registry_credentials is not None:
        raise SpecRefused(
            "restricted",
            "registry_credentials",
            "code from a fork gets no registry credentials: the image must be public",
        )
    if project is None:
        return spec
    if not project.enabled:
        raise SpecRefused("project_disabled", "project", f"project {project.name} is disabled")
    if pinned:
        fitting = spec.model_copy(update={"project": project.name})
    else:
        fitting = with_defaults(project, spec)
    try:
        check_caps(project, fitting)
    except OverCap as over:
        raise SpecRefused("over_cap", over.field, str(over)) from None
    return fitting
