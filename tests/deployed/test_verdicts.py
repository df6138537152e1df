"""Jobs on the deployed service to each verdict: API, queue, functions, task, claim, log, event."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import docker
import pytest

from tests.conftest import Registry
from tests.deployed.driver import MARKS, Deployment, told
from tests.deployed.images import push_image

pytestmark = MARKS
Jobs = Mapping[str, str]

ENDLESS = "echo up; while :; do sleep 0.1; done"


@pytest.fixture(scope="module")
def own_image(docker_client: docker.DockerClient, registry: Registry, busybox_image: str) -> str:
    """An image of a user's own, in a registry of theirs; it holds no trace of the runner."""
    return push_image(docker_client, busybox_image, registry)


@pytest.fixture(scope="module")
def private_image(
    deployment: Deployment,
    docker_client: docker.DockerClient,
    closed_registry: Registry,
    busybox_image: str,
) -> str:
    """One that only a password gets; the service keeps it as ``private``."""
    user, password = closed_registry.login or ("", "")
    ran = deployment.command(
        "registry", "add", "private", "--registry", closed_registry.address, "--username", user,
        stdin=password.encode(),
    )  # fmt: skip
    assert ran.status == 0, told(ran)
    return push_image(docker_client, busybox_image, closed_registry)


@pytest.fixture(scope="module")
def jobs(deployment: Deployment, registry: Registry, own_image: str, private_image: str) -> Jobs:
    """All of them at once, as a team's pushes come; each test then waits for its own."""
    enqueue: Callable[..., str] = deployment.enqueue
    secret = deployment.command("secret", "set", "KEY", stdin=b"hunter2-and-more")
    assert secret.status == 0, secret.err
    return {
        "endless": enqueue(ENDLESS, "--grace", "1s"),
        "slow": enqueue(ENDLESS, "--timeout", "2s", "--grace", "1s"),
        "passed": enqueue("printf 'one\\ntwo\\0\\377'; echo; env | cut -d= -f1; echo $KEY",
                          "--secret", "KEY", "--env", "OWN=1"),
        "failed": enqueue("echo about to fail; exit 37"),
        "own image": enqueue("test ! -e /usr/bin/python3 && busybox id -u && exit 4",
                             "--image", own_image, "--user", "1234"),
        "private": enqueue("exit 6", "--image", private_image,
                           "--registry-credentials", "private", "--spot"),
        "locked": enqueue("exit 6", "--image", private_image),
        "missing": enqueue("true", "--image", f"{registry.address}/deployed/nothing:here"),
    }  # fmt: skip


def test_a_job_passes_and_its_log_is_kept_byte_for_byte(deployment: Deployment, jobs: Jobs) -> None:
    job = deployment.finished(jobs["passed"])
    assert (job["verdict"], job["cause"]) == ("passed", None), job
    log = deployment.log(job["id"])
    printed = b"one\ntwo\0\xff\n"
    assert log.startswith(printed)
    *names, secret = log.removeprefix(printed).split()
    assert b"OWN" in names
    # Neither the runner's variables nor credentials of any kind reach a script.
    assert not [name for name in names if name.startswith((b"TOWLINE", b"AWS", b"ECS"))]
    assert secret == b"***"


def test_show_says_passed_in_words(deployment: Deployment, jobs: Jobs) -> None:
    deployment.finished(jobs["passed"])
    shown = deployment.command("show", jobs["passed"])
    assert shown.status == 0
    assert b"passed" in shown.out


def test_a_failing_script_keeps_its_exit_status_and_both_witnesses_saw_it(
    deployment: Deployment, jobs: Jobs
) -> None:
    job = deployment.finished(jobs["failed"])
    assert job["verdict"] == "failed", job
    [attempt] = job["attempts"]
    assert attempt["report"]["exit"]["code"] == 37
    assert attempt["stop"]["exit_code"] == 37
    followed = deployment.command("log", "--follow", "--exit-status", job["id"])
    assert (followed.status, followed.out) == (37, b"about to fail\n")


def test_a_job_is_cancelled(deployment: Deployment, jobs: Jobs) -> None:
    deployment.wait_for(jobs["endless"], "running")
    assert deployment.command("cancel", jobs["endless"]).status == 0
    job = deployment.finished(jobs["endless"])
    assert job["verdict"] == "cancelled", job
    assert deployment.log(job["id"]).startswith(b"up\n")


def test_a_job_times_out(deployment: Deployment, jobs: Jobs) -> None:
    job = deployment.finished(jobs["slow"])
    assert job["verdict"] == "timed_out", job


def test_a_job_runs_in_an_image_of_its_own_as_a_user_of_its_own(
    deployment: Deployment, jobs: Jobs
) -> None:
    job = deployment.finished(jobs["own image"])
    assert job["verdict"] == "failed", job
    assert job["attempts"][0]["stop"]["exit_code"] == 4
    assert deployment.log(job["id"]) == b"1234\n"


def test_a_missing_image_is_errored_and_not_the_scripts(deployment: Deployment, jobs: Jobs) -> None:
    job = deployment.finished(jobs["missing"])
    assert (job["verdict"], job["cause"]) == ("errored", "image_missing"), job
    assert job["attempts"][0]["report"] is None


def test_a_private_image_is_pulled_with_kept_credentials_on_spot(
    deployment: Deployment, jobs: Jobs
) -> None:
    job = deployment.finished(jobs["private"])
    assert job["verdict"] == "failed", job
    [attempt] = job["attempts"]
    assert attempt["stop"]["exit_code"] == 6
    ecs = deployment.emulator.client("ecs")
    [task] = ecs.describe_tasks(cluster=deployment.resource("Cluster"), tasks=[attempt["task_id"]])[
        "tasks"
    ]
    assert task["capacityProviderName"] == "FARGATE_SPOT"


def test_a_private_image_without_credentials_is_errored(deployment: Deployment, jobs: Jobs) -> None:
    job = deployment.finished(jobs["locked"])
    assert (job["verdict"], job["cause"]) == ("errored", "image_auth"), job


def test_the_operators_copy_of_the_output_is_in_cloudwatch(
    deployment: Deployment, jobs: Jobs
) -> None:
    job = deployment.finished(jobs["failed"])
    task = job["attempts"][0]["task_id"].rpartition("/")[2]
    logs = deployment.emulator.client("logs")
    events = logs.get_log_events(
        logGroupName=deployment.resource("JobLogGroup"), logStreamName=f"towline/job/{task}"
    )["events"]
    assert "about to fail" in [event["message"] for event in events]


def test_the_functions_logs_hold_no_secret_and_no_refusal(
    deployment: Deployment, closed_registry: Registry, jobs: Jobs
) -> None:
    """Permissions are enforced: whatever a role lacks would be a refusal in a log."""
    for name, job_id in jobs.items():
        if name != "endless":
            deployment.finished(job_id)
    deployment.reap()
    written = deployment.functions_output()
    assert jobs["passed"] in written
    for word in ("AccessDenied", "not authorized", "Traceback"):
        assert word not in written
    _, password = closed_registry.login or ("", "none")
    for secret in ("hunter2", password, deployment.token):
        assert secret not in written
