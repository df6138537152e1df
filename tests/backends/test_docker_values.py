"""What is asked of an engine, and what its words come to: values in, values out, no engine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.ports import LaunchRequest
from towline.backends.docker_container import container_settings
from towline.backends.docker_engine import EngineFacts
from towline.backends.docker_evidence import Heard, stop_of_container, stop_without_container
from towline.backends.docker_images import digest_of, split_reference
from towline.backends.tasks import TaskRecord
from towline.runner_build import RunnerImage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ABLE = EngineFacts(
    cpus=2, arch="x86_64", limits_cpu=True, limits_memory=True, limits_swap=True, limits_pids=True
)
UNABLE = EngineFacts(
    cpus=2,
    arch="x86_64",
    limits_cpu=False,
    limits_memory=False,
    limits_swap=False,
    limits_pids=False,
)
RUNNER = RunnerImage(tag="t", image_id="sha256:r", content="", volume="v", entrypoint=("/r", "x"))


def request(**changes: Any) -> LaunchRequest:
    settings: dict[str, Any] = {
        "job_id": "job",
        "attempt": 1,
        "launch_try": 1,
        "token": "1.ab",
        "image": "debian:12",
        "release": "",
        "user": None,
        "cpu": 1.5,
        "memory_mib": 512,
        "arch": "x86_64",
        "stop_timeout_s": 20,
        "pids_limit": 99,
    }
    return LaunchRequest(**(settings | changes))


def settings_of(
    asked: LaunchRequest, *, facts: EngineFacts = ABLE, network: str = "bridge", user: str = ""
) -> dict[str, Any]:
    return container_settings(
        asked,
        owner="me",
        runner=RUNNER,
        image={"Id": "sha256:i", "Config": {"User": user}},
        facts=facts,
        runner_url="http://relay",
        network=network,
        host_options={},
    )


def test_limits_that_a_kernel_has_no_cgroup_for_are_not_asked_for() -> None:
    asked = request()
    assert settings_of(asked)["HostConfig"]["NanoCpus"] == 1_500_000_000
    host = settings_of(asked, facts=UNABLE)["HostConfig"]
    assert not {"NanoCpus", "Memory", "MemorySwap", "PidsLimit"} & set(host)


def test_the_container_is_told_the_protocols_variables_and_nothing_of_the_job() -> None:
    told = settings_of(request(user="someone"), user="1000:2000")
    assert told["Env"] == [
        "TOWLINE_URL=http://relay",
        "TOWLINE_JOB=job",
        "TOWLINE_TOKEN=1.ab",
        "TOWLINE_CONSOLE=off",
        "TOWLINE_IMAGE_USER=1000:2000",
    ]
    assert told["User"] == "0:0"
    assert told["Entrypoint"] == ["/r", "x"]
    assert told["Cmd"] == []


def test_the_runners_folder_is_mounted_only_into_another_image() -> None:
    assert settings_of(request())["HostConfig"]["Binds"] == ["v:/towline:ro,nocopy"]
    own = settings_of(request(image=None), user="1000")
    assert own["HostConfig"]["Binds"] == []
    assert not any(line.startswith("TOWLINE_IMAGE_USER") for line in own["Env"])


@pytest.mark.parametrize(("network", "hosts"), [("bridge", 1), ("mine", 1), ("host", 0)])
def test_the_machine_has_a_name_where_the_network_is_another(network: str, hosts: int) -> None:
    assert len(settings_of(request(), network=network)["HostConfig"]["ExtraHosts"]) == hosts


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("debian", ("debian", "latest")),
        ("debian:12", ("debian", "12")),
        ("localhost:5000/a/b", ("localhost:5000/a/b", "latest")),
        ("localhost:5000/a/b:c", ("localhost:5000/a/b", "c")),
        ("a/b@sha256:00", ("a/b", "sha256:00")),
        ("localhost:5000/a:c@sha256:00", ("localhost:5000/a:c", "sha256:00")),
    ],
)
def test_references_are_split_as_docker_pull_does(reference: str, parts: tuple[str, str]) -> None:
    assert split_reference(reference) == parts


def test_an_image_that_came_from_no_registry_is_named_by_its_id() -> None:
    assert digest_of({"Id": "sha256:i", "RepoDigests": []}, "a:1") == "sha256:i"
    assert digest_of({"Id": "sha256:i", "RepoDigests": ["a@sha256:d"]}, "a:1") == "a@sha256:d"


def test_an_image_of_several_repositories_is_named_by_the_one_that_was_asked_for() -> None:
    image = {"Id": "sha256:i", "RepoDigests": ["a@sha256:d", "b:5000/c@sha256:d"]}
    assert digest_of(image, "b:5000/c:1") == "b:5000/c@sha256:d"
    assert digest_of(image, "docker.io/library/a:1") == "a@sha256:d"


def a_record(stop_reason: str | None = None) -> TaskRecord:
    return TaskRecord("task", request(), created_at=NOW, stop_reason=stop_reason)


def a_container(**state: Any) -> dict[str, Any]:
    return {
        "State": {"Running": False, "ExitCode": 0, "FinishedAt": "0001-01-01T00:00:00Z"} | state
    }


def test_an_exit_code_is_never_made_up() -> None:
    gone = stop_of_container(a_record(), None, Heard(), now=NOW)
    running = stop_of_container(a_record(), a_container(Running=True), Heard(), now=NOW)
    never = stop_without_container(a_record(), "TaskFailedToStart", "why", now=NOW)
    assert [stop.exit_code for stop in (gone, running, never)] == [None, None, None]


def test_the_status_heard_at_the_end_stands_against_a_later_look() -> None:
    heard = Heard(exit_code=143)
    again = stop_of_container(a_record(), a_container(ExitCode=137), heard, now=NOW)
    assert again.exit_code == 143
    assert stop_of_container(a_record(), a_container(ExitCode=7), Heard(), now=NOW).exit_code == 7


@pytest.mark.parametrize(
    ("heard", "reason", "code"),
    [
        (Heard(), None, "EssentialContainerExited"),
        (Heard(signals=["15"]), "cancelled", "UserInitiated"),
        (Heard(signals=["15"], restarted=True), "cancelled", "UserInitiated"),
        (Heard(signals=["9"]), None, "UserInitiated"),
        (Heard(signals=["15"], restarted=True), None, "InfrastructureHealth"),
        (Heard(restarted=True), None, "EssentialContainerExited"),
    ],
)
def test_who_ended_a_container_is_told_by_the_stop_code(
    heard: Heard, reason: str | None, code: str
) -> None:
    stop = stop_of_container(a_record(reason), a_container(ExitCode=3), heard, now=NOW)
    assert (stop.stop_code, stop.exit_code) == (code, 3)


def test_a_container_that_an_engines_restart_lost_is_told_as_that() -> None:
    stop = stop_of_container(a_record(), None, Heard(restarted=True), now=NOW)
    assert (stop.stop_code, stop.exit_code) == ("InfrastructureHealth", None)


def test_memory_trouble_is_in_the_stop_wherever_it_was_seen() -> None:
    by_event = stop_of_container(a_record(), a_container(), Heard(oom=True), now=NOW)
    by_look = stop_of_container(a_record(), a_container(OOMKilled=True), Heard(), now=NOW)
    assert by_event.oom_killed
    assert by_look.oom_killed
    assert "OutOfMemoryError" in by_look.job_container_reason
