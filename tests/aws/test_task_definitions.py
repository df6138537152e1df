"""Task definitions: what is in them, what is not, and which requests share one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.aws.task_definitions import RUNNER_COMMAND, stop_timeout, task_definition
from chalicelib.domain.fargate_shapes import FargateShape, is_offered, smallest_shape
from chalicelib.ports import LaunchRequest
from tests.aws.ecs_world import JOB_ROLE, RELEASE, ROLE, a_request, a_site
from tests.fakes.ecs_server.definition_rules import check_definition

ROOT = Path(__file__).parents[2]
SHAPE = FargateShape(256, 512)


def _containers(request: LaunchRequest, **site: Any) -> dict[str, Any]:
    definition = task_definition(a_site(**site), request, SHAPE)
    return {container["name"]: container for container in definition["containerDefinitions"]}


def test_without_an_image_of_its_own_a_job_runs_in_the_runners() -> None:
    containers = _containers(a_request())
    assert list(containers) == ["job"]
    assert containers["job"]["image"] == RELEASE
    assert containers["job"]["entryPoint"] == list(RUNNER_COMMAND)
    assert "user" not in containers["job"]


def test_an_image_of_its_own_gets_the_runners_folder_read_only_from_the_payload() -> None:
    containers = _containers(a_request(image="busybox:1"))
    job, payload = containers["job"], containers["payload"]
    assert job["image"] == "busybox:1"
    assert payload["image"] == RELEASE
    assert not payload["essential"]
    assert job["dependsOn"] == [{"containerName": "payload", "condition": "SUCCESS"}]
    (mount,) = job["mountPoints"]
    assert (mount["containerPath"], mount["readOnly"]) == ("/towline", True)
    assert payload["mountPoints"][0]["sourceVolume"] == mount["sourceVolume"]
    assert job["entryPoint"] == list(RUNNER_COMMAND)


def test_a_user_that_is_asked_for_needs_a_runner_that_is_root() -> None:
    assert _containers(a_request(image="x", user="1000"))["job"]["user"] == "0"
    assert "user" not in _containers(a_request(image="x"))["job"]


def test_nothing_of_the_job_is_in_its_definition() -> None:
    request = a_request(image="busybox:1", user="1000")
    definition = task_definition(a_site(), request, SHAPE)
    assert request.job_id not in str(definition)
    assert request.token not in str(definition)
    assert "taskRoleArn" not in definition


def test_a_job_has_a_role_only_where_its_project_names_one() -> None:
    site = a_site(job_roles={"site": JOB_ROLE})
    assert task_definition(site, a_request(project="site"), SHAPE)["taskRoleArn"] == JOB_ROLE
    assert "taskRoleArn" not in task_definition(site, a_request(project="sit"), SHAPE)
    assert "taskRoleArn" not in task_definition(site, a_request(), SHAPE)


def test_credentials_are_named_for_the_jobs_image_alone() -> None:
    containers = _containers(a_request(image="a.io/b:1", registry_credentials="hub"))
    assert containers["job"]["repositoryCredentials"] == {
        "credentialsParameter": "towline/test/registry/hub"
    }
    assert "repositoryCredentials" not in containers["payload"]
    assert "repositoryCredentials" not in _containers(a_request(image="a.io/b:1"))["job"]


def test_output_goes_to_cloudwatch_without_ever_holding_up_the_job() -> None:
    containers = _containers(
        a_request(image="x"), log_group="/towline/jobs", execution_role_arn=ROLE
    )
    for container in containers.values():
        options = container["logConfiguration"]["options"]
        assert options["mode"] == "non-blocking"
        assert options["max-buffer-size"] == "25m"
        assert options["awslogs-group"] == "/towline/jobs"
        assert options["awslogs-region"] == "eu-west-1"
    names = [variable["name"] for variable in containers["job"]["environment"]]
    assert names == ["TOWLINE_URL"]


def test_without_a_log_group_the_runner_keeps_its_output_to_itself() -> None:
    job = _containers(a_request())["job"]
    assert "logConfiguration" not in job
    assert {"name": "TOWLINE_CONSOLE", "value": "off"} in job["environment"]


DIFFERENT = [
    {"image": "busybox:1"},
    {"image": "busybox:1", "user": "1000"},
    {"release": RELEASE + "0"},
    {"arch": "arm64"},
    {"stop_timeout_s": 31},
    {"image": "busybox:1", "registry_credentials": "hub"},
    {"image": "busybox:1", "registry_credentials": "hub2"},
    {"project": "site"},
]
SAME = [
    {"job_id": "other"},
    {"attempt": 2},
    {"launch_try": 3},
    {"token": "2.x"},
    {"stop_timeout_s": 30},
    {"pids_limit": 100},
    {"project": "other"},
    {"capacity": "spot"},
]


@pytest.mark.parametrize("changed", DIFFERENT, ids=str)
def test_what_cannot_be_overridden_makes_a_definition_of_its_own(changed: dict[str, Any]) -> None:
    site = a_site(job_roles={"site": JOB_ROLE})
    plain = {"image": changed["image"]} if "registry_credentials" in changed else {}
    family = task_definition(site, a_request(**plain), SHAPE)["family"]
    assert task_definition(site, a_request(**changed), SHAPE)["family"] != family


@pytest.mark.parametrize("changed", SAME, ids=str)
def test_jobs_of_one_kind_share_a_definition(changed: dict[str, Any]) -> None:
    site = a_site(job_roles={"site": JOB_ROLE})
    family = task_definition(site, a_request(), SHAPE)["family"]
    assert task_definition(site, a_request(**changed), SHAPE)["family"] == family
    assert re.fullmatch(r"towline-[0-9a-f]{40}", family)


@pytest.mark.parametrize("image", [None, "busybox:1"])
@pytest.mark.parametrize("log_group", ["", "/towline/jobs"])
@pytest.mark.parametrize(("cpu", "memory"), [(0.25, 32), (1, 2048), (16, 122880)])
def test_ecs_takes_what_is_made(image: str | None, log_group: str, cpu: float, memory: int) -> None:
    shape = smallest_shape(cpu, memory)
    assert shape is not None
    site = a_site(log_group=log_group, execution_role_arn=ROLE)
    check_definition(task_definition(site, a_request(image=image, user="0"), shape))


@pytest.mark.parametrize(
    ("asked", "offered"),
    [(1, 2), (3, 15), (20, 30), (30, 30), (31, 60), (61, 90), (119, 120), (500, 120)],
)
def test_stop_timeouts_are_rounded_up_to_a_few(asked: int, offered: int) -> None:
    assert stop_timeout(asked) == offered


@pytest.mark.parametrize(
    ("cpu", "memory", "shape"),
    [
        (0.25, 512, (256, 512)),
        (0.25, 513, (256, 1024)),
        (0.25, 2049, (512, 3072)),
        (0.2501, 512, (512, 1024)),
        (1.0, 32, (1024, 2048)),
        (1, 8193, (2048, 9216)),
        (4, 30720, (4096, 30720)),
        (4, 30721, (8192, 32768)),
        (0.1, 122880, (16384, 122880)),
        (16, 1, (16384, 32768)),
    ],
)
def test_sizes_are_rounded_up_to_what_fargate_offers(
    cpu: float, memory: int, shape: tuple[int, int]
) -> None:
    found = smallest_shape(cpu, memory)
    assert found == FargateShape(*shape)
    assert is_offered(*shape)


@pytest.mark.parametrize(("cpu", "memory"), [(16.1, 512), (1, 122881)])
def test_what_is_too_large_for_fargate_has_no_shape(cpu: float, memory: int) -> None:
    assert smallest_shape(cpu, memory) is None


def test_the_command_is_the_one_of_the_runners_image() -> None:
    text = (ROOT / "runner_image" / "Dockerfile").read_text().replace("\\\n", " ")
    (entry,) = re.findall(r"^ENTRYPOINT \[(.*)\]$", text, re.MULTILINE)
    assert tuple(word.strip().strip('"') for word in entry.split(",")) == RUNNER_COMMAND
