"""``towline deploy`` and ``towline destroy`` as they are typed: output, questions, exit status."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.world import DATA, IMAGE, World
from tests.fakes.cloudformation_server import Failure
from towline.cli import deploy_view
from towline.cli.main import main
from towline.deploy import order, package, runner_image, template_parts, timing
from towline.deploy.processors import processors

SERVICE_STACK = "towline-dev"


@pytest.fixture
def typed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The commands work on the world: its small templates, its clock, no engine, no terminal."""
    monkeypatch.setattr(package, "make_package", lambda *_, **__: world.package())
    monkeypatch.setattr(template_parts, "read_template", lambda _: DATA)
    monkeypatch.setattr(timing, "Timing", lambda: world.timing)
    monkeypatch.setattr(runner_image, "engine", lambda: None)
    monkeypatch.setattr(deploy_view, "can_ask", lambda: False)
    monkeypatch.setattr("towline.cli.destroy.can_ask", lambda: False)
    return world


def deploy(*words: str) -> int:
    return main(["deploy", "--runner-image", IMAGE, *words])


def test_what_is_printed_can_be_evaluated_and_what_is_told_goes_elsewhere(
    typed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy() == 0
    first = capsys.readouterr()
    lines = first.out.splitlines()
    assert lines[0] == "export TOWLINE_URL=https://api.example/towline-dev"
    assert lines[1].startswith("export TOWLINE_TOKEN=tl_")
    assert len(lines) == 2
    assert "account 123456789012, region eu-west-1" in first.err.splitlines()[0]
    assert "created       Launcher" in first.err
    assert "next, with these in the environment: towline enqueue" in first.err
    assert deploy("--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["token"] is None
    assert shown["stacks"] == {"towline-dev-data": "unchanged", SERVICE_STACK: "unchanged"}


def test_the_e_mail_for_alarms_is_a_parameter(
    typed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("--alarm-email", "ops") == 2
    assert "'ops' is not an e-mail address" in capsys.readouterr().err
    assert typed.cfn.asked == []
    assert deploy("--alarm-email", "ops@example.org", "--parameter", "LogRetentionDays=7") == 0
    held = typed.cfn.stack(SERVICE_STACK)
    assert held is not None
    assert held.parameters["AlarmEmail"] == "ops@example.org"
    assert held.parameters["LogRetentionDays"] == "7"


def test_a_failed_deployment_has_exit_status_1_and_ends_with_the_cause(
    typed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy() == 0
    typed.cfn.fail_next(Failure("Launcher", "The code is too large"))
    assert deploy("--parameter", "LogRetentionDays=7") == 1
    captured = capsys.readouterr()
    assert "NOT updated   Launcher" in captured.err
    assert captured.err.splitlines()[-1].startswith(
        "towline: error: updating the stack towline-dev failed: Launcher "
        "(AWS::Lambda::Function): The code is too large. The update was rolled back"
    )


def test_what_would_lose_something_needs_a_terminal_or_yes(
    typed: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deploy() == 0
    held = typed.cfn.stack(SERVICE_STACK)
    assert held is not None
    queue = held.template["Resources"]["LaunchQueue"]["Properties"]

    queue["FixedName"] = "before"
    assert deploy() == 1
    told = capsys.readouterr().err
    assert "~ LaunchQueue  AWS::SQS::Queue  REPLACED  (FixedName): the messages in" in told
    assert "give --yes if it is meant" in told

    monkeypatch.setattr(deploy_view, "can_ask", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("no\n"))
    assert deploy() == 1
    assert "was left as it is" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    assert deploy() == 0
    queue = held.template["Resources"]["LaunchQueue"]["Properties"]
    queue["FixedName"] = "before"
    assert deploy("--yes") == 0


def test_a_plan_is_shown_as_text_and_as_json(
    typed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("--plan") == 0
    text = capsys.readouterr().out
    assert "towline-dev-data would be created (4 resources)" in text
    assert "  + Launcher  AWS::Lambda::Function" in text
    assert deploy() == 0
    capsys.readouterr()
    assert deploy("--plan", "--json", "--parameter", "LogRetentionDays=7") == 0
    plans: Any = json.loads(capsys.readouterr().out)["stacks"]
    assert [(p["stack"], p["action"]) for p in plans] == [
        ("towline-dev-data", "none"),
        (SERVICE_STACK, "update"),
    ]
    assert plans[1]["changes"] == [
        {
            "action": "Modify",
            "logical_id": "Launcher",
            "type": "AWS::Lambda::Function",
            "physical_id": "",
            "replacement": "no",
            "properties": ["Days"],
            "loses": None,
        }
    ]


def test_destroy_wants_the_stages_name(
    typed: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deploy() == 0
    assert main(["destroy"]) == 1
    told = capsys.readouterr().err
    assert "no terminal to ask at" in told
    assert "kept, with all secrets and tokens of the stage:" in told
    monkeypatch.setattr("towline.cli.destroy.can_ask", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("prod\n"))
    assert main(["destroy"]) == 1
    assert typed.cfn.stack(SERVICE_STACK) is not None
    monkeypatch.setattr(sys, "stdin", io.StringIO("dev\n"))
    assert main(["destroy", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["deleted"] == [SERVICE_STACK]
    assert [kept["what"] for kept in shown["kept"]] == ["bucket", "bucket", "registry", "table"]
    assert main(["destroy", "--yes"]) == 0
    assert "the service is gone already" in capsys.readouterr().err
    assert main(["destroy", "--yes", "--delete-data"]) == 0
    assert main(["destroy", "--yes"]) == 0
    assert "there is no stage dev in eu-west-1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["deploy", "destroy"])
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"AWS_REGION": None}, "no AWS region is known: give --region"),
        ({"AWS_ACCESS_KEY_ID": None}, "no AWS credentials were found"),
        ({"AWS_PROFILE": "nobody"}, "profile (nobody) could not be found"),
        ({"AWS_REGION": "Europe_1"}, "doesn't match a supported format"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "Invalid endpoint: nonsense: look at AWS_ENDPOINT_URL"),
    ],
)
def test_an_environment_that_can_not_work_is_told_before_anything_is_done(
    aws: str,
    command: str,
    changed: dict[str, str | None],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in changed.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    assert main([command]) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.out == ""


def test_a_program_for_credentials_that_is_not_there_is_told_in_words(
    aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile p]\nregion = eu-west-1\ncredential_process = /no/such/program\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert main(["deploy", "--profile", "p"]) == 2
    assert "/no/such/program'): look at credential_process" in capsys.readouterr().err


def test_processors_stay_as_they_are_unless_others_are_asked_for(world: World) -> None:
    def chosen(functions: str | None = None, jobs: str | None = None) -> tuple[str, str]:
        found = processors(world.account, "dev", functions=functions, jobs=jobs)
        return found.functions, found.jobs

    assert chosen() == ("arm64", "x86_64")
    world.deployment().run()
    held = world.cfn.stack(SERVICE_STACK)
    assert held is not None
    held.parameters["RunnerArchs"] = "arm64"
    held.template["Outputs"]["FunctionArchitecture"] = {"Value": "x86_64"}
    assert chosen() == ("x86_64", "arm64")
    assert chosen(functions="arm64", jobs="x86_64") == ("arm64", "x86_64")
    held.status = "ROLLBACK_COMPLETE"
    assert chosen() == ("arm64", "x86_64")


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_the_helps_name_the_variables_that_the_commands_heed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    described = capsys.readouterr().out.split("environment:", 1)[1]
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "NO_COLOR"):
        assert name in described


def test_the_templates_have_what_the_deployment_counts_on() -> None:
    from towline.deploy import names, wanted_stacks
    from towline.deploy.destruction import CLUSTER_OUTPUT
    from towline.deploy.template_parts import join_parts

    root = order.source_tree()
    data = template_parts.read_template(Path(root) / "infra" / "data.yaml")
    service = join_parts(Path(root) / "infra" / "service")
    for name in (
        wanted_stacks.PACKAGES_OUTPUT,
        wanted_stacks.TABLE_OUTPUT,
        wanted_stacks.REPOSITORY_OUTPUT,
    ):
        assert name in data["Outputs"]
    assert {wanted_stacks.URL_OUTPUT, CLUSTER_OUTPUT} <= set(service["Outputs"])
    known = {*wanted_stacks.COMPUTED, wanted_stacks.URL_PARAMETER, wanted_stacks.ALARM_PARAMETER}
    assert known <= set(service["Parameters"])
    for template in (data, service):
        assert template["Parameters"]["Stage"]["AllowedPattern"] == (
            f"^[a-z][a-z0-9-]{{0,{names.MAX_STAGE - 1}}}$"
        )
    # Whatever has no default is something that the deployment computes.
    for template, computed in (
        (data, {"Stage"}),
        (service, {*wanted_stacks.COMPUTED, *data["Outputs"]}),
    ):
        bare = {n for n, p in template["Parameters"].items() if "Default" not in p}
        assert bare <= computed
