"""What an engine's words about an ended container mean: stop code and reasons in, cause out."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.evidence import Stop
from chalicelib.domain.reason_table import (
    FIRST_ROWS,
    GENERIC,
    OTHER_ROWS,
    PULL_MARKS,
    PULL_ROWS,
    STOP_CODES,
    Row,
)
from chalicelib.domain.verdict import Cause

MAX_TEXT = 500
"""So much of an engine's words is kept as the detail of a verdict."""

_CUT_SHARE = 0.6
_CUT_LEAST = 6


class Subject(StrEnum):
    """Whose image or container it was: only the runner's own pages anybody."""

    RUNNER = "runner"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Classification:
    """``cause`` None: the words say nothing about why. ``text`` is the engine's own, cut.

    ``retryable`` is for an attempt that no runner has claimed; ``subject`` None: unknown.
    """

    cause: Cause | None
    retryable: bool = False
    subject: Subject | None = None
    text: str = ""


RUNNER_CAUSES = {
    Cause.IMAGE_MISSING: Cause.RUNNER_IMAGE_MISSING,
    Cause.IMAGE_AUTH: Cause.RUNNER_IMAGE_AUTH,
    Cause.IMAGE_PULL: Cause.RUNNER_IMAGE_PULL,
    # A release that has no image for this platform is missing there.
    Cause.IMAGE_ARCH: Cause.RUNNER_IMAGE_MISSING,
}


def classify(
    stop: Stop, *, job_image: str | None = None, runner_image: str | None = None
) -> Classification:
    """The cause that the engine's stop code and reasons name.

    ``job_image`` None: the job runs in the runner's own image, so its pull is the runner's.
    Reasons are looked for in the job's container, in the others and in the task's own reason; a
    row of the table that comes first wins wherever it is found. Exit codes are not looked at:
    137 alone does not prove that memory ran out.
    """
    texts = _texts(stop, job_image, runner_image)
    said = next((text for text, _ in texts if not _is_generic(text)), stop.reason)
    if stop.stop_code in STOP_CODES:
        return Classification(STOP_CODES[stop.stop_code], True, None, _cut(said))
    if stop.oom_killed:
        return Classification(Cause.OUT_OF_MEMORY, False, Subject.JOB, _cut(said))
    return _first(texts) or Classification(None, text=_cut(said))


def classify_text(text: str, *, subject: Subject, of_pull: bool = False) -> Classification:
    """The same for one message, such as an engine's answer to a pull (``of_pull``) or a start.

    A failed pull whose words are unknown is ``image_pull``, worth retrying.
    """
    found = _first([(text, subject)], of_pull=of_pull)
    if found is not None:
        return found
    if of_pull:
        return _by_row(Row((), Cause.IMAGE_PULL, retryable=True), subject, text)
    return Classification(None, False, subject, _cut(text))


_PASSES: tuple[tuple[tuple[Row, ...], bool], ...] = (
    (FIRST_ROWS, False),
    (FIRST_ROWS, True),
    (PULL_ROWS, False),
    (OTHER_ROWS, False),
    (OTHER_ROWS, True),
)
"""Which rows are tried, and whether a text may be cut off within their words. What is there as a
whole counts before what would have to be guessed."""


def _first(texts: list[tuple[str, Subject]], *, of_pull: bool = False) -> Classification | None:
    plains = [(_plain(text), text, subject) for text, subject in texts]
    for rows, cut in _PASSES:
        for row in rows:
            for plain, text, subject in plains:
                if _holds(row, plain, of_pull=of_pull, cut=cut):
                    return _by_row(row, subject, text)
    return None


def _by_row(row: Row, subject: Subject, text: str) -> Classification:
    cause = row.cause
    if subject is Subject.RUNNER:
        cause = RUNNER_CAUSES.get(cause, cause)
    return Classification(cause, row.retryable, subject, _cut(text))


def _texts(
    stop: Stop, job_image: str | None, runner_image: str | None
) -> list[tuple[str, Subject]]:
    """Every reason with the one it is about; the job's container first."""
    own = Subject.JOB if job_image else Subject.RUNNER
    texts = [(stop.job_container_reason, own)]
    texts += [(other.reason, Subject.RUNNER) for other in stop.other_containers]
    runner_images = [i for i in (runner_image, *(o.image for o in stop.other_containers)) if i]
    texts.append((stop.reason, _subject_of_task(stop.reason, job_image, runner_images)))
    return [(text, subject) for text, subject in texts if text.strip()]


def _subject_of_task(text: str, job_image: str | None, runner_images: list[str]) -> Subject:
    """Whose image the task's own reason names; when it names none, the job's own if it has one."""
    if not job_image:
        return Subject.RUNNER
    plain = _plain(text)
    if _names(plain, job_image):
        return Subject.JOB
    if any(_names(plain, image) for image in runner_images):
        return Subject.RUNNER
    if _names(plain, _repository(job_image)):
        return Subject.JOB
    if any(_names(plain, _repository(image)) for image in runner_images):
        return Subject.RUNNER
    return Subject.JOB


def _names(plain: str, image: str) -> bool:
    """Whether the text has this reference, not a longer name that contains it."""
    pattern = rf"(?<![a-z0-9._-]){re.escape(image.lower())}(?![a-z0-9_-])"
    return re.search(pattern, plain) is not None


def _repository(image: str) -> str:
    """A reference without tag and digest; a port is no tag."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def _holds(row: Row, plain: str, *, of_pull: bool, cut: bool) -> bool:
    if row.pull and not (of_pull or any(mark in plain for mark in PULL_MARKS)):
        return False
    *first, last = row.words
    if not all(word in plain for word in first):
        return False
    return _cut_within(last, plain) if cut else last in plain


def _cut_within(word: str, plain: str) -> bool:
    """The text ends within the word, and most of the word is there.

    Engines cut their messages at a length; three fifths of a phrase tell it well enough.
    """
    least = max(_CUT_LEAST, math.ceil(len(word) * _CUT_SHARE))
    ends = plain.rstrip(". …")
    return any(
        text.endswith(word[:length]) for text in (plain, ends) for length in range(least, len(word))
    )


def _plain(text: str) -> str:
    """Lower case, straight apostrophes, single spaces."""
    straight = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u02bc", "'")
    return " ".join(straight.lower().split())


def _is_generic(text: str) -> bool:
    plain = _plain(text)
    return any(words in plain for words in GENERIC)


def _cut(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"
