"""``towline run`` with real containers: images, users, limits, pulls that fail, being killed."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import docker
import pytest

from chalicelib.domain.ids import new_id
from tests.conftest import Registry
from tests.e2e.conftest import Run, Start, await_end, await_line, processes_with

pytestmark = pytest.mark.docker
DOCKER = ("run", "--backend", "docker")


@pytest.fixture(autouse=True)
def _runner_image(runner_image: object) -> None:
    """Built before the first test, so that no test waits for it."""


def test_a_script_runs_in_a_container_of_its_own(towline_command: Run) -> None:
    ran = towline_command(*DOCKER, stdin=b"cat /proc/1/comm; id -u; exit 7")
    assert ran.status == 7
    assert "backend: docker" in ran.err
    assert "isolates nothing" not in ran.err


def test_any_image_will_do_and_sees_nothing_of_the_runner(
    towline_command: Run, busybox_image: str
) -> None:
    script = b"id -u; env | cut -d= -f1 | sort | tr '\\n' ' '; exit 4"
    ran = towline_command(
        *DOCKER, "--image", busybox_image, "--user", "1234", "--env", "OWN=1", stdin=script
    )
    assert ran.status == 4
    uid, names = ran.out.decode().splitlines()
    assert uid == "1234"
    assert "OWN" in names.split()
    assert not [name for name in names.split() if name.startswith(("TOWLINE", "PYTHON", "LD_"))]


def test_an_unknown_user_is_refused_in_words(towline_command: Run, busybox_image: str) -> None:
    ran = towline_command(*DOCKER, "--image", busybox_image, "--user", "nobody-here", "--", "true")
    assert ran.status == 125
    assert "not_started" in ran.err
    assert "nobody-here" in ran.err


def test_killing_the_command_removes_its_containers_within_ten_seconds(
    start: Start, docker_client: docker.DockerClient
) -> None:
    mark = f"94000.{os.getpid()}"
    process = start(*DOCKER, "--", "sh", "-c", f"echo up; sleep {mark}; true")
    await_line(process, b"up")
    found: dict[int, str] = {}
    while not found:
        found = processes_with(mark)
    process.kill()
    process.wait()
    await_end(found, 10)


def test_ctrl_c_cancels_and_leaves_no_container(
    start: Start, docker_client: docker.DockerClient
) -> None:
    mark = f"94100.{os.getpid()}"
    process = start(*DOCKER, "--json", "--", "sh", "-c", f"echo up; sleep {mark}; true")
    await_line(process, b"up", "stderr")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    task = json.loads(out)["job"]["attempts"][0]["task_id"]
    assert not docker_client.containers.list(all=True, ignore_removed=True, filters={"name": task})


def cause(towline_command: Run, *words: str) -> tuple[str, str]:
    """The cause of a job that errored, and all that the terminal said."""
    ran = towline_command(*DOCKER, "--json", *words, "--", "true")
    assert ran.status == 125, ran.err
    return json.loads(ran.out)["job"]["cause"], ran.err


@pytest.mark.registry
def test_a_missing_image_is_told(towline_command: Run, registry: Registry) -> None:
    found, said = cause(towline_command, "--image", f"{registry.address}/no/such:tag")
    assert found == "image_missing"
    assert "Check the spelling" in said


@pytest.mark.registry
def test_a_registry_that_refuses_is_told(towline_command: Run, closed_registry: Registry) -> None:
    found, said = cause(towline_command, "--image", f"{closed_registry.address}/some/image:1")
    assert found == "image_auth"
    assert "may pull it" in said


def test_a_registry_that_can_not_be_reached_is_told(towline_command: Run) -> None:
    found, said = cause(towline_command, "--image", "127.0.0.1:9/some/image:1")
    assert found == "image_pull"
    assert "registry answers" in said


ATTACKS = r"""
import json, os, socket, sys, urllib.error, urllib.request

given = json.loads(sys.argv[1])
url = given["url"]
seen = b""
for pid in os.listdir("/proc"):
    if pid.isdigit():
        try:
            seen += open(f"/proc/{pid}/environ", "rb").read()
        except OSError:
            pass
found = {"in an environment": [name for name in given["secrets"] if name.encode() in seen]}

def ask(path, body=None, headers={}):
    request = urllib.request.Request(url + path, body, dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code

def upload(fields, key):
    lines = []
    for name, value in {**fields, "key": key}.items():
        lines.append(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n')
    head = 'Content-Disposition: form-data; name="file"; filename="f"'
    body = "".join([*lines, f"--b\r\n{head}\r\n\r\nx\r\n--b--\r\n"]).encode()
    return ask("/upload", body, {"Content-Type": "multipart/form-data; boundary=b"})

found["own log"] = upload(given["permit"], given["own"])
found["another log"] = upload(given["permit"], given["others"])
found["expired permit"] = upload(given["expired"], given["own"])
found["forged permit"] = upload({**given["permit"], "x-amz-signature": "0" * 64}, given["own"])
claim = {"protocol": 1, "job": given["job"], "token": "1." + "0" * 64, "nonce": "0" * 32}
as_json = {"Content-Type": "application/json"}
found["forged claim"] = ask("/runner/claim", json.dumps(claim).encode(), as_json)
beat = {"protocol": 1, "job": given["job"], "attempt": 1, "lease": "0" * 32 + "." + "0" * 64}
found["forged lease"] = ask("/runner/heartbeat", json.dumps(beat).encode(), as_json)
aws = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
}
found["state"] = [ask("/", b"{}", aws), ask("/moto-api/data.json"), ask("/jobs"), ask("/tokens")]
found["open"] = []
for port in given["ports"]:
    with socket.socket() as probe:
        probe.settimeout(2)
        if probe.connect_ex((url.split("/")[2].split(":")[0], port)) == 0:
            found["open"].append(port)
print(json.dumps(found))
"""


def test_root_in_a_container_reaches_neither_the_state_nor_another_jobs_log(
    base_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attacker is told what no job is: the relay's address, permits, and each port."""
    from chalicelib.aws.clients import AwsCredentials
    from chalicelib.aws.post_policy import sign_upload
    from towline.client.follow import follow
    from towline.local.service import LocalService

    monkeypatch.setenv("TOWLINE_RUNNER_BASE", base_image)
    mine, others = (new_id(datetime.now(UTC), bytes([n] * 10)) for n in (1, 2))
    others_here = listening_ports()  # of other tests' servers in this process
    service = LocalService.start("docker")
    try:
        logs = service.dispatcher.collaborators.logs
        own, foreign = logs.permit(mine, 1), logs.permit(others, 1)
        expired = sign_upload(
            bucket=service.dispatcher.collaborators.settings.bucket,
            prefix=own.prefix,
            max_bytes=1000,
            now=datetime.now(UTC) - timedelta(hours=2),
            lifetime_s=3600,
            credentials=AwsCredentials("LOCAL", service.relay._secret_key),
            region="us-east-1",
        )
        relay = urlsplit(own.url)
        told = {
            "url": f"http://{relay.netloc}",
            "job": mine,
            "permit": dict(own.fields),
            "expired": expired,
            "own": f"{own.prefix}000000000000000-00000000-1.gz",
            "others": f"{foreign.prefix}000000000000000-00000000-1.gz",
            "ports": sorted(listening_ports() - others_here - {relay.port}),
            "secrets": ["TOWLINE_TOKEN=", "TOWLINE_URL="],
        }
        log: list[bytes] = []
        client = service.client()
        spec = {"command": ["python3", "-c", ATTACKS, json.dumps(told)]}
        submitted = client.submit({**spec, "image": base_image, "user": "0"})
        job = follow(
            client,
            submitted["id"],
            lambda page: log.append(page.data),
            pause=service.pause,
        )
        text = b"".join(log).decode()
        assert job["verdict"] == "passed", text
        found = json.loads(text)
    finally:
        service.close()
    assert found == {
        "in an environment": [],
        "own log": 204,
        "another log": 403,
        "expired permit": 403,
        "forged permit": 403,
        "forged claim": 401,
        "forged lease": 401,
        "state": [404, 404, 404, 404],
        "open": [],
    }


def listening_ports() -> set[int]:
    """TCP ports on which this process listens, on whatever address."""
    ours = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if fd_is(fd)}
    ports = set()
    with open("/proc/self/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in ours:
                ports.add(int(words[1].partition(":")[2], 16))
    return ports


def fd_is(descriptor: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{descriptor}")
