"""What it means when RunTask does not start a task, as data.

Sources: API reference of RunTask (errors) and "Amazon ECS API failure reasons"
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html); that
"Rate exceeded" can hide in an InvalidParameterException is from dagster-io/dagster#33439.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.verdict import Cause

THROTTLED_S = 5
TROUBLE_S = 15
CAPACITY_S = 60
"""Delay hints. The caller adds jitter; a job that never gets a task ends by its queue timeout."""


class RefusalKind(StrEnum):
    """What the caller may do next."""

    LATER_SAME_TOKEN = "later_same_token"
    """Whether a task was started may be unknown: only the identical request is safe."""
    LATER_NEW_TOKEN = "later_new_token"
    """Certainly nothing was started; the old token would give the same refusal again."""
    ALREADY_STARTED = "already_started"
    """The token belongs to a task that another request started; the error names it."""
    REFUSED = "refused"
    """It can never work as it was asked for."""


class PutOff(StrEnum):
    """Why a launch is tried later, in the words that operators count."""

    THROTTLED = "throttled"
    CAPACITY = "capacity"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refusal:
    """``delay_s`` is 0 where nothing is to be tried again; ``why`` is for what is."""

    kind: RefusalKind
    cause: Cause
    delay_s: int = 0
    why: PutOff = PutOff.OTHER


_THROTTLED = Refusal(RefusalKind.LATER_SAME_TOKEN, Cause.CAPACITY, THROTTLED_S, PutOff.THROTTLED)
_TROUBLE = Refusal(RefusalKind.LATER_SAME_TOKEN, Cause.PLATFORM, TROUBLE_S)
_FULL = Refusal(RefusalKind.LATER_NEW_TOKEN, Cause.CAPACITY, CAPACITY_S, PutOff.CAPACITY)
_NEVER = Refusal(RefusalKind.REFUSED, Cause.LAUNCH_REFUSED)

_BY_WORDS: tuple[tuple[str, Refusal], ...] = (
    # In whatever exception they hide: the message says more than the code.
    ("rate exceeded", _THROTTLED),
    ("throttl", _THROTTLED),
    ("too many requests", _THROTTLED),
    ("request limit exceeded", _THROTTLED),
)

_BY_CODE: dict[str, Refusal] = {
    "throttlingexception": _THROTTLED,
    "throttling": _THROTTLED,
    "toomanyrequestsexception": _THROTTLED,
    "requestlimitexceeded": _THROTTLED,
    "limitexceededexception": _THROTTLED,
    "serverexception": _TROUBLE,
    "serviceunavailable": _TROUBLE,
    "serviceunavailableexception": _TROUBLE,
    "internalfailure": _TROUBLE,
    "internalerror": _TROUBLE,
    "requesttimeout": _TROUBLE,
    "requesttimeoutexception": _TROUBLE,
    # The service's own credentials are renewed by themselves.
    "expiredtokenexception": _TROUBLE,
    "expiredtoken": _TROUBLE,
    "conflictexception": Refusal(RefusalKind.ALREADY_STARTED, Cause.LAUNCH_REFUSED),
    "accessdeniedexception": _NEVER,
    "blockedexception": _NEVER,
    "clusternotfoundexception": _NEVER,
    "platformunknownexception": _NEVER,
    "platformtaskdefinitionincompatibilityexception": _NEVER,
    "unsupportedfeatureexception": _NEVER,
    "invalidparameterexception": _NEVER,
    "validationexception": _NEVER,
}

_CLIENT_EXCEPTION: tuple[tuple[str, Refusal], ...] = (
    ("no container instances were found", _FULL),
    ("capacity is unavailable", _FULL),
    ("provisioning capacity limit exceeded", _FULL),
    ("limit on the number of", _FULL),
)
"""ClientException means many things; what none of these names is refused."""

_FAILURES: tuple[tuple[str, Refusal], ...] = (
    ("resource:", _FULL),
    ("capacity is unavailable", _FULL),
    ("limit on the number of", _FULL),  # vCPUs or tasks of the account
    ("limit exceeded", _FULL),
    ("empty capacity provider", _FULL),
    ("no active instances", _FULL),
)
"""``failures[]`` of an answer with HTTP status 200; unknown ones pass, perhaps."""

_FAILURE_NAMES: dict[str, Refusal] = {
    "agent": _FULL,
    "attribute": _NEVER,
    "location": _NEVER,
    "inactive": _NEVER,
    "missing": _NEVER,
}
"""Failures that are one word, which in a sentence ("allocation") would mean something else."""


def classify_refusal(code: str, message: str) -> Refusal:
    """What to do after RunTask did not start a task.

    ``code`` is the error's code (``Error.Code``); '' for an entry of ``failures[]``, whose reason
    is the ``message``, or for an answer without tasks and without failures (``message`` '').
    An unknown error may have started a task, so the identical request is repeated.
    """
    words = message.lower().replace("\u2019", "'")
    name = code.rpartition("#")[2].lower()
    for phrase, refusal in _BY_WORDS:
        if phrase in words:
            # Nothing was started by an entry of failures[], and its token is used up.
            return refusal if name else _definite(refusal)
    if not name:
        first = words.split(maxsplit=1)[0].rstrip(":") if words.strip() else ""
        return _FAILURE_NAMES.get(first) or _first(_FAILURES, words) or _FULL
    if name == "clientexception":
        return _first(_CLIENT_EXCEPTION, words) or _NEVER
    if name.isdigit():
        return _TROUBLE if name.startswith("5") else _THROTTLED if name == "429" else _NEVER
    return _BY_CODE.get(name, _TROUBLE)


def _first(table: tuple[tuple[str, Refusal], ...], words: str) -> Refusal | None:
    return next((refusal for phrase, refusal in table if phrase in words), None)


def _definite(refusal: Refusal) -> Refusal:
    return Refusal(RefusalKind.LATER_NEW_TOKEN, refusal.cause, refusal.delay_s, refusal.why)
