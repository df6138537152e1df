"""Driver errors into ``ServiceTrouble``: a sentence, and whether trying again can help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.ports import ServiceTrouble

MAX_MESSAGE = 500
"""What stands between may answer with a whole page."""

# Codes of refusals that the same request will meet again. All others (throttles, 5xx, conflicts
# of transactions, connections) are worth another try.
_PERMANENT = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ClusterNotFoundException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidParameterException",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "NoSuchBucket",
        "ParameterNotFound",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "ValidationException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    }
)


def error_code(error: Any) -> str:
    """The service's code of a ``ClientError``, such as ``ThrottlingException``; '' without one."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: Any) -> str:
    """The service's message of a ``ClientError`` on one line, cut if long; '' without one."""
    said = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())
    return said if len(said) <= MAX_MESSAGE else said[:MAX_MESSAGE] + "..."


@contextmanager
def service_calls(what: str, *, hide_message: bool = False) -> Iterator[None]:
    """Turn driver errors of the block into ``ServiceTrouble``.

    ``what`` continues "could not ...": "write job x to the table". With ``hide_message`` the
    service's words are left out, for calls whose refusal may quote a secret back.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        said = code if hide_message else f"{code}: {error_message(error)}"
        trouble = ServiceTrouble(
            f"could not {what}: AWS answered {said}", retryable=code not in _PERMANENT
        )
        # The chained exception would print the service's message after all.
        raise trouble from (None if hide_message else error)
    except BotoCoreError as error:
        said = type(error).__name__ if hide_message else str(error)
        raise ServiceTrouble(f"could not {what}: {said}") from (None if hide_message else error)
