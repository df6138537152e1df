"""What a token reaches that is for one project: that project's jobs, and nothing of any other."""

from __future__ import annotations

from chalicelib.domain.spec import JobSpec
from chalicelib.http import queries
from chalicelib.http.api import Call
from chalicelib.http.errors import ApiError
from chalicelib.usecases.errors import UnknownJob


def own_project(call: Call) -> str | None:
    """The one project that the caller's token is for, or None: it is for all."""
    if call.token is None or call.token.project is None:
        return None
    return call.dispatcher.canonical_name(call.token.project)


def job_id(call: Call, text: str) -> str:
    """A job's id from a path, if the caller may know of it. Raises ``UnknownJob`` for a job of
    another project as for one that is not there: one more read, for tokens of one project alone."""
    found = queries.job_id(text)
    own = own_project(call)
    if own is not None and call.dispatcher.get(found).project != own:
        raise UnknownJob(found)
    return found


def project_filter(call: Call, asked: str | None) -> str | None:
    """Of which project jobs are shown. Raises ``ApiError`` 403 for another than the caller's."""
    own = own_project(call)
    if asked is None:
        return own
    wanted = call.dispatcher.canonical_name(asked)
    if own is not None and wanted != own:
        raise _not_for(call)
    return wanted


def spec_of(call: Call) -> JobSpec:
    """The body's spec. One that names no project is of the caller's own, if the token has one."""
    spec = call.body(JobSpec)
    own = own_project(call)
    if own is None:
        return spec
    if "project" not in spec.model_fields_set:
        return spec.model_copy(update={"project": own})
    if call.dispatcher.canonical_name(spec.project) != own:
        raise _not_for(call)
    return spec


def _not_for(call: Call) -> ApiError:
    token = call.token
    name, own = (token.name, token.project) if token else ("", "")
    return ApiError(
        403, "wrong_project", f"the token {name!r} is for project {own} alone", "project"
    )
