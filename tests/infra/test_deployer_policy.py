"""The policy for whoever deploys: it fits into IAM, misspells nothing and forgets no service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from tests.infra.conftest import ROOT

POLICY = json.loads((ROOT / "infra" / "deployer-policy.json").read_text())
MANAGED_POLICY_LIMIT = 6144
"""Characters without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_iam-quotas.html"""

PREFIXES = {"Serverless": "lambda"}
"""Where a resource type's service has another name in IAM than its own in small letters."""


def actions() -> Iterator[str]:
    for statement in POLICY["Statement"]:
        listed = statement["Action"]
        yield from [listed] if isinstance(listed, str) else listed


def test_it_fits_into_one_managed_policy() -> None:
    assert len("".join(json.dumps(POLICY).split())) <= MANAGED_POLICY_LIMIT


def test_every_action_exists() -> None:
    known = json.loads((files("cfnlint") / "data/AdditionalSpecs/Policies.json").read_text())
    for action in actions():
        prefix, _, name = action.partition(":")
        if not name.endswith("*"):
            assert name.lower() in known[prefix]["Actions"], action


def test_every_service_of_the_templates_is_in_it(
    service: dict[str, Any], data: dict[str, Any]
) -> None:
    allowed = {action.partition(":")[0] for action in actions()}
    for template in (service, data):
        for resource in template["Resources"].values():
            name = resource["Type"].split("::")[1]
            assert PREFIXES.get(name, name.lower()) in allowed, resource["Type"]


def test_whole_services_are_allowed_on_towlines_own_things_alone() -> None:
    for statement in POLICY["Statement"]:
        if any(str(action).endswith(":*") for action in statement["Action"]):
            for resource in statement["Resource"]:
                name = resource.split(":", 5)[5]
                assert "towline" in name, resource
