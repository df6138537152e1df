"""What pydantic says of a section, as problems with the lines of the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from chalicelib.repofile.nodes import Node, find
from chalicelib.repofile.problems import Misplaced, Problem, path_text

NOT_YET = ("services", "artifacts", "cache")
_ELSEWHERE = {
    "after_script": "after",
    "before_script": "setup",
    "commands": "script",
    "condition": "when",
    "container": "image",
    "depends_on": "needs",
    "dependencies": "needs",
    "environment": "env",
    "except": "when",
    "if": "when",
    "interruptible": "cancel_previous",
    "needed": "needs",
    "on": "when",
    "only": "when",
    "rules": "when",
    "run": "script",
    "runs-on": "image",
    "stage": "needs",
    "stages": "needs",
    "steps": "script",
    "strategy": "matrix",
    "tags": "when",
    "timeout-minutes": "timeout",
    "variables": "env",
    "working-directory": "workdir",
    "working_directory": "workdir",
}
"""What other systems call it."""

_SHAPES = {
    "dict_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
}


def problems_of(
    error: ValidationError, model: type[BaseModel], root: Node, path: Sequence[str | int]
) -> list[Problem]:
    """``path`` leads from the file's root to the section that the model was asked to read."""
    return [_problem(detail, model, root, path) for detail in error.errors(include_url=False)]


def misplaced(wrong: ValueError, root: Node, path: Sequence[str | int]) -> Problem:
    """A reader's own mistake, at its place."""
    deeper: Sequence[str | int] = ()
    at_key = False
    if isinstance(wrong, Misplaced):
        deeper, at_key = wrong.path, wrong.at_key
    whole = [*path, *deeper]
    found = find(root, whole)
    return Problem(found.key if at_key else found.value, path_text(whole), str(wrong))


def unknown(key: str, known: Sequence[str]) -> str:
    """The sentence for a key that a section does not have."""
    if key in NOT_YET:
        return (
            f"{key} are not supported yet" if key.endswith("s") else f"{key} is not supported yet"
        )
    here = [name for name in known if name != "wanted"]
    meant = _ELSEWHERE.get(key, "")
    if meant not in here:
        meant = next(iter(difflib.get_close_matches(key, here, n=1)), "")
    if meant:
        return f"unknown key, did you mean {meant!r}?"
    return f"unknown key; there are {', '.join(here)}"


def _problem(detail: Any, model: type[BaseModel], root: Node, path: Sequence[str | int]) -> Problem:
    inner = tuple(detail["loc"])
    whole = [*path, *inner]
    kind = detail["type"]
    found = find(root, whole)
    if kind == "extra_forbidden":
        known = list(_model_at(model, inner[:-1]).model_fields)
        return Problem(found.key, path_text(whole), unknown(str(inner[-1]), known))
    if kind == "missing":
        # The section's own key: what is not there has no place.
        above = find(root, whole[:-1])
        return Problem(above.key, path_text(whole), "is missing")
    if kind == "value_error":
        return misplaced(detail["ctx"]["error"], root, whole)
    text = _SHAPES.get(kind) or str(detail["msg"])[:1].lower() + str(detail["msg"])[1:]
    return Problem(found.value, path_text(whole), text)


def _model_at(model: type[BaseModel], path: Sequence[Any]) -> type[BaseModel]:
    """The section that a path inside another one leads to."""
    for part in path:
        field = model.model_fields.get(str(part))
        if field is not None:
            model = next(_models_in(field.annotation), model)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
