"""Clients: made late, shared, and closed to the user's own configuration when told where to go."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.table import JobTable
from tests.aws.world import NOW, World, a_job

ROOT = Path(__file__).parents[2]
GIVEN = AwsCredentials("AKTEST", "hush")


def test_importing_the_adapters_imports_no_driver() -> None:
    names = sorted(path.stem for path in (ROOT / "chalicelib" / "aws").glob("*.py"))
    modules = "".join(f"import chalicelib.aws.{name}\n" for name in names if name != "__init__")
    check = (
        "import sys\nloaded = {'boto3', 'botocore', 'docker', 'moto'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", modules + check],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_a_client_is_made_once_for_all_threads(moto_endpoint: str) -> None:
    clients = AwsClients(region="eu-west-1", endpoint=moto_endpoint, credentials=GIVEN)
    barrier = threading.Barrier(8)
    made: list[object] = []

    def make() -> None:
        barrier.wait(20)
        made.append(clients.dynamodb())

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 8
    assert len({id(client) for client in made}) == 1


def test_threads_use_one_client_at_once(world: World) -> None:
    store = JobTable(world.clients, world.table)
    threads = [threading.Thread(target=store.create, args=(a_job(n),)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(store.due(NOW.replace(year=2027), 100)) == 20


def test_a_given_endpoint_shuts_out_the_users_configuration(
    world: World, moto_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "config"
    broken.write_text("[default\nthis is not a configuration")
    for name, value in {
        "AWS_PROFILE": "nowhere",
        "AWS_CONFIG_FILE": str(broken),
        "AWS_SHARED_CREDENTIALS_FILE": str(broken),
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:2",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2",
        "AWS_ACCESS_KEY_ID": "AKUSER",
        "NO_PROXY": "",
        "no_proxy": "",
    }.items():
        monkeypatch.setenv(name, value)
    clients = AwsClients(region="eu-west-1", endpoint=moto_endpoint, credentials=GIVEN)
    assert JobTable(clients, world.table).get("none") is None
    assert clients.credentials() == GIVEN


def test_an_endpoint_takes_the_environments_credentials_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    clients = AwsClients(endpoint="http://127.0.0.1:1")
    assert clients.credentials() == AwsCredentials("AKENV", "s")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ValueError, match=r"endpoint http://127\.0\.0\.1:1: set AWS_ACCESS_KEY_ID"):
        AwsClients(endpoint="http://127.0.0.1:1")


def test_the_environments_credentials_and_region_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    clients = AwsClients()
    assert clients.credentials() == AwsCredentials("AKENV", "s", "t")
    assert clients.sqs().meta.region_name == "eu-north-1"


def test_a_missing_region_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(ValueError, match="set AWS_REGION"):
        AwsClients(credentials=GIVEN).sqs()


def test_credentials_do_not_show_their_secrets() -> None:
    shown = repr(AwsCredentials("AKTEST", "hush", "token-text"))
    assert "hush" not in shown
    assert "token-text" not in shown
