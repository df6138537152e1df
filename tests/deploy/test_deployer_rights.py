"""``infra/deployer-policy.json`` allows every request that deploying and destroying make."""

from __future__ import annotations

import fnmatch
import json
import threading
from typing import Any

import pytest
from botocore import handlers

from tests.deploy.deployer_calls import needed
from tests.deploy.test_destroy import destroy, queue_job, task
from tests.deploy.world import World
from tests.infra.conftest import ROOT
from towline.deploy.order import Order
from towline.deploy.plan import plan

POLICY = json.loads((ROOT / "infra" / "deployer-policy.json").read_text())


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def allowed(action: str, resource: str) -> bool:
    return any(
        any(fnmatch.fnmatchcase(action, pattern) for pattern in as_list(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, one) for one in as_list(statement["Resource"]))
        for statement in POLICY["Statement"]
        if "Condition" not in statement
    )


class Listener:
    """Notes what is asked of AWS while it listens, by the command's own thread: what the fake of
    CloudFormation makes in the account meanwhile is not the deployer's doing."""

    def __init__(self) -> None:
        self.calls: set[tuple[str, str]] = set()
        self._thread: int | None = None

    def note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self._thread == threading.get_ident():
            self.calls.update(needed(model.service_model.service_name, model.name, params))

    def __enter__(self) -> None:
        self._thread = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._thread = None


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    """Hears the clients of all sessions that are made from now on."""
    made = Listener()
    listening = ("before-parameter-build", made.note)
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", [listening, *handlers.BUILTIN_HANDLERS])
    return made


def test_whoever_has_the_policy_may_do_all_that_the_commands_do(
    listener: Listener, world: World
) -> None:
    with listener:
        plan(world.deployment())
        world.deployment().run()
        # An update whose image nobody names, and a plan of one.
        world.deployment(Order("dev")).run()
        plan(world.deployment(package=world.package(b"newer")))
    queue_job(world)
    task(world, image="runner", family="towline-x")
    parameters, secrets = world.account.ssm(), world.account.secrets()
    parameters.put_parameter(Name="/towline/dev/server-key", Value="k", Type="SecureString")
    secrets.create_secret(Name="towline/dev/registry/hub", SecretString="{}")
    with listener:
        destroy(world, force=True, delete_data=True)
    assert {call for call in listener.calls if not allowed(*call)} == set()
    assert {
        "cloudformation:ExecuteChangeSet", "s3:PutObject", "dynamodb:PutItem", "ecs:StopTask",
        "ssm:DeleteParameters", "secretsmanager:DeleteSecret", "ecr:DeleteRepository",
    } <= {action for action, _ in listener.calls}, "the test has lost its way"  # fmt: skip


def test_nothing_is_allowed_on_what_is_not_towlines() -> None:
    assert not allowed("s3:DeleteBucket", "arn:aws:s3:::photos")
    assert not allowed("dynamodb:DeleteTable", "arn:aws:dynamodb:eu-west-1:1:table/orders")
    assert not allowed("iam:CreateRole", "arn:aws:iam::1:role/admin")
