"""``--plan``: what would change is shown, and nothing of it is done."""

from __future__ import annotations

from tests.deploy.world import DATA, IMAGE, SERVICE, World
from towline.deploy.order import Order
from towline.deploy.plan import plan

DATA_STACK, SERVICE_STACK = "towline-dev-data", "towline-dev"


def test_the_plan_for_a_new_stage_leaves_nothing_in_the_account(world: World) -> None:
    plans = plan(world.deployment())
    assert [(p.name, p.action) for p in plans] == [
        (DATA_STACK, "create"), (SERVICE_STACK, "create"),
    ]  # fmt: skip
    assert [len(p.changes) for p in plans] == [len(DATA["Resources"]), len(SERVICE["Resources"])]
    assert plans[1].notes
    assert world.cfn.operations.stacks == []


def test_a_plan_shows_what_would_be_replaced_and_changes_nothing(world: World) -> None:
    world.deployment().run()
    before = world.objects()
    other = {**SERVICE["Resources"], "LaunchQueue": {
        "Type": "AWS::SQS::Queue", "Properties": {"FixedName": "b"},
    }}  # fmt: skip
    del other["LauncherRole"]
    package = world.package(b"newer", {**SERVICE, "Resources": other})
    [data, service] = plan(world.deployment(package=package))
    assert (data.action, data.changes) == ("none", ())
    lines = [change.line() for change in service.changes]
    assert lines == [
        "~ LaunchQueue  AWS::SQS::Queue  REPLACED  (FixedName)",
        "- LauncherRole  AWS::IAM::Role  REMOVED",
        "~ Launcher  AWS::Lambda::Function  (Code)",
    ]
    assert [bool(change.loses) for change in service.changes] == [True, False, False]
    held = world.cfn.stack(SERVICE_STACK)
    assert held is not None
    assert (held.status, held.change_sets) == ("CREATE_COMPLETE", {})
    # CloudFormation reads large templates from the bucket alone; packages it does not need.
    assert [key.partition("/")[0] for key in world.objects() if key not in before] == ["templates"]


def test_a_plan_without_engine_says_which_image_it_would_be(world: World) -> None:
    world.deployment().run()
    [_, service] = plan(world.deployment(Order("dev")))
    assert service.action == "none"
    assert service.notes == (
        f"no Docker engine answers here: the runner's image would stay {IMAGE}",
    )
