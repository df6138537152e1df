"""The account that the deployment is tested in; see ``world``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from moto.server import ThreadedMotoServer

from tests.deploy import world as places
from tests.deploy.world import World
from tests.fakes.api_gateway_account import ApiGatewayAccount
from tests.fakes.cloudformation_server import CloudFormationServer
from towline.deploy.account import Account, open_account

REGION = "eu-west-1"


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """moto over HTTP, for everything but CloudFormation."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The environment as a user of an emulator sets it, and an empty account behind it."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", REGION)
    with urlopen(Request(f"{moto_url}/moto-api/reset", method="POST"), timeout=30):
        return moto_url


@pytest.fixture
def world(aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    clock = places.Clock()
    opened: list[Account] = []
    server = CloudFormationServer(
        provision=lambda *made: places.provision(opened[0], *made),
        read_url=lambda url: places.read_object(opened[0], url),
        output=lambda stack, _name, value: places.output(opened[0], stack, value),
        now=clock.now,
    )
    with server, ApiGatewayAccount() as api_gateway:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", server.endpoint)
        monkeypatch.setenv("AWS_ENDPOINT_URL_API_GATEWAY", api_gateway.endpoint)
        opened.append(open_account())
        yield World(opened[0], server, api_gateway, tmp_path, clock)
