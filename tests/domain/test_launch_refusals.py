"""What it means when RunTask starts nothing."""

from __future__ import annotations

import pytest

from chalicelib.domain.launch_refusals import PutOff, RefusalKind, classify_refusal
from chalicelib.domain.verdict import Cause

SAME = RefusalKind.LATER_SAME_TOKEN
NEW = RefusalKind.LATER_NEW_TOKEN
REFUSED = RefusalKind.REFUSED


@pytest.mark.parametrize(
    ("code", "message", "kind", "cause"),
    [
        ("ThrottlingException", "Rate exceeded", SAME, Cause.CAPACITY),
        (
            "InvalidParameterException",
            (
                "Error retrieving subnet information for [subnet-0]: Rate exceeded (ErrorCode: "
                "Throttling)"
            ),
            SAME,
            Cause.CAPACITY,
        ),
        ("ClientException", "Rate exceeded", SAME, Cause.CAPACITY),
        ("RequestLimitExceeded", "", SAME, Cause.CAPACITY),
        ("ServerException", "Service Unavailable. Please try again later.", SAME, Cause.PLATFORM),
        ("503", "", SAME, Cause.PLATFORM),
        ("429", "", SAME, Cause.CAPACITY),
        ("SomethingNewException", "?", SAME, Cause.PLATFORM),
        ("com.amazonaws.ecs#ServerException", "", SAME, Cause.PLATFORM),
        ("", "RESOURCE:MEMORY", NEW, Cause.CAPACITY),
        ("", "RESOURCE:ENI", NEW, Cause.CAPACITY),
        (
            "",
            (
                "Capacity is unavailable at this time. Please try again later or in a different "
                "availability zone"
            ),
            NEW,
            Cause.CAPACITY,
        ),
        (
            "",
            "You\u2019ve reached the limit on the number of vCPUs you can run concurrently",
            NEW,
            Cause.CAPACITY,
        ),
        ("", "Rate exceeded", NEW, Cause.CAPACITY),
        ("", "", NEW, Cause.CAPACITY),
        ("", "something new", NEW, Cause.CAPACITY),
        ("", "ATTRIBUTE", REFUSED, Cause.LAUNCH_REFUSED),
        ("", "LOCATION: the subnet is elsewhere", REFUSED, Cause.LAUNCH_REFUSED),
        ("", "the allocation is missing for now", NEW, Cause.CAPACITY),
        ("", "MISSING", REFUSED, Cause.LAUNCH_REFUSED),
        (
            "ClientException",
            "No Container Instances were found in your cluster.",
            NEW,
            Cause.CAPACITY,
        ),
        ("ClientException", "TaskDefinition is inactive", REFUSED, Cause.LAUNCH_REFUSED),
        ("InvalidParameterException", "No such subnet", REFUSED, Cause.LAUNCH_REFUSED),
        (
            "InvalidParameterException",
            (
                "The specified capacity provider strategy cannot contain a capacity provider that "
                "is not associated with the cluster. Associate the capacity provider with the "
                "cluster and try again."
            ),
            REFUSED,
            Cause.LAUNCH_REFUSED,
        ),
        (
            "ClientException",
            "Capacity is unavailable at this time. Please try again later",
            NEW,
            Cause.CAPACITY,
        ),
        ("AccessDeniedException", "not authorized", REFUSED, Cause.LAUNCH_REFUSED),
        ("ClusterNotFoundException", "Cluster not found.", REFUSED, Cause.LAUNCH_REFUSED),
        ("PlatformUnknownException", "", REFUSED, Cause.LAUNCH_REFUSED),
        ("404", "", REFUSED, Cause.LAUNCH_REFUSED),
        (
            "ConflictException",
            "The provided clientToken is already in use",
            RefusalKind.ALREADY_STARTED,
            Cause.LAUNCH_REFUSED,
        ),
    ],
)
def test_a_refusal_has_its_kind(code: str, message: str, kind: RefusalKind, cause: Cause) -> None:
    found = classify_refusal(code, message)
    assert (found.kind, found.cause) == (kind, cause)
    later = kind in (SAME, NEW)
    assert (found.delay_s > 0) == later
    assert found.delay_s <= 900, "an SQS message can't wait longer"


@pytest.mark.parametrize(
    ("code", "message", "why"),
    [
        ("ThrottlingException", "", PutOff.THROTTLED),
        ("InvalidParameterException", "Error: Rate exceeded", PutOff.THROTTLED),
        ("", "Rate exceeded", PutOff.THROTTLED),
        ("", "RESOURCE:CPU", PutOff.CAPACITY),
        ("ClientException", "Capacity is unavailable at this time", PutOff.CAPACITY),
        ("", "You\u2019ve reached the limit on the number of vCPUs", PutOff.CAPACITY),
        ("ServerException", "", PutOff.OTHER),
        ("SomethingNewException", "?", PutOff.OTHER),
    ],
)
def test_operators_count_throttles_and_lack_of_capacity_apart(
    code: str, message: str, why: PutOff
) -> None:
    assert classify_refusal(code, message).why is why
