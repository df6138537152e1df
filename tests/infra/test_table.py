"""The deployed table is the one that the adapters and all other tests work with."""

from __future__ import annotations

from typing import Any

from chalicelib.aws.provision import table_definition


def test_keys_and_indexes_are_those_of_the_adapters(data: dict[str, Any]) -> None:
    deployed = data["Resources"]["Table"]["Properties"]
    for name, value in table_definition().items():
        assert deployed[name] == value, name


def test_the_table_survives_mistakes(data: dict[str, Any]) -> None:
    """Of an operator, of an update that replaces it, and of a write that destroys."""
    table = data["Resources"]["Table"]
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["UpdateReplacePolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert data["Parameters"]["DeletionProtection"]["Default"] == "true"
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}


def test_finished_jobs_leave_by_the_attribute_that_the_service_writes(data: dict[str, Any]) -> None:
    specification = data["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    assert specification == {"AttributeName": "expire_at", "Enabled": True}
