"""Lists of patterns, and the key ``when``: for which events a file or a job is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from chalicelib.domain.model import Value
from chalicelib.repofile.glob import glob
from chalicelib.repofile.problems import Misplaced
from chalicelib.repofile.values import short, words

EventKind = Literal["push", "pull_request", "schedule", "manual"]
EVENT_KINDS: tuple[EventKind, ...] = ("push", "pull_request", "schedule", "manual")


def patterns(value: object) -> tuple[str, ...]:
    """One pattern or a list of them. Raises ``Misplaced`` for one that is none."""
    found = words(value)
    if not found:
        raise ValueError("is empty, so nothing would ever fit: leave the key out to take all")
    for index, pattern in enumerate(found):
        try:
            glob(pattern.removeprefix("!"))
        except ValueError as wrong:
            raise Misplaced((index,) if isinstance(value, tuple) else (), str(wrong)) from None
    return found


def path_patterns(value: object) -> tuple[str, ...]:
    """Patterns of paths, which begin at the repository's root; ``docs/`` means all below it."""
    found = patterns(value)
    made = []
    for index, pattern in enumerate(found):
        bare = pattern.removeprefix("!")
        if bare.startswith(("/", "./")):
            raise Misplaced(
                (index,) if isinstance(value, tuple) else (),
                f"{short(pattern)}: paths begin at the repository's root, without '/' or './'",
            )
        made.append(f"{pattern}**" if bare.endswith("/") else pattern)
    return tuple(made)


def fits(found: Sequence[str], text: str) -> bool:
    """The last pattern that fits decides; one with ``!`` in front takes out what fitted before.

    A list that begins with ``!`` begins with everything.
    """
    fitting = bool(found) and found[0].startswith("!")
    for pattern in found:
        if glob(pattern.removeprefix("!")).fits(text):
            fitting = not pattern.startswith("!")
    return fitting


def _events(value: object) -> tuple[str, ...]:
    found = words(value)
    for index, word in enumerate(found):
        if word not in EVENT_KINDS:
            hint = "; a tag is a push, too: use 'tags'" if word in ("tag", "tags") else ""
            raise Misplaced(
                (index,) if isinstance(value, tuple) else (),
                f"{short(word)} is no event: push, pull_request, schedule or manual{hint}",
            )
    if not found:
        raise ValueError("is empty, so nothing would ever run: leave the key out to take all")
    return found


def _schema(items: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema(
        {"anyOf": [items, {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}]}
    )


_PATTERN = {"type": ["string", "number"], "minLength": 1}
Patterns = Annotated[tuple[str, ...], PlainValidator(patterns), _schema(_PATTERN)]
PathPatterns = Annotated[tuple[str, ...], PlainValidator(path_patterns), _schema(_PATTERN)]
EventKinds = Annotated[
    tuple[str, ...],
    PlainValidator(_events),
    _schema({"type": "string", "enum": list(EVENT_KINDS)}),
]
Names = Annotated[tuple[str, ...], PlainValidator(words), _schema(_PATTERN)]


class When(Value):
    """Which events count. Every key that is given must fit."""

    events: EventKinds | None = Field(
        default=None, description="push, pull_request, schedule, manual; all when left out"
    )
    branches: Patterns | None = Field(
        default=None,
        description="patterns of the pushed branch, or of the branch that a pull request is to be "
        "merged into; with it and without 'tags', pushed tags don't count",
    )
    tags: Patterns | None = Field(
        default=None,
        description="patterns of pushed tags; with it and without 'branches', pushed branches "
        "don't count",
    )
    paths: PathPatterns | None = Field(
        default=None,
        description="patterns of changed files, one of which must fit; not asked for tags, "
        "schedules, manual builds, and when the changes are not known",
    )
    schedules: Names | None = Field(
        default=None, description="names of schedules; other events are not touched by it"
    )
