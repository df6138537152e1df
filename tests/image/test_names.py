"""The runner finds the service by host name in images without any resolver of their own."""

from __future__ import annotations

import pytest

from tests.image.in_image import InImage

pytestmark = pytest.mark.docker

# Answers every A query with 10.9.8.7 and everything else with nothing.
DNS_SERVER = """
import socket, struct, threading
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
def serve():
    while True:
        query, client = server.recvfrom(512)
        end = query.index(b"\\0", 12) + 5
        is_a = query[end - 4:end - 2] == b"\\0\\1"
        answer = b"\\xc0\\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([10, 9, 8, 7])
        head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(is_a), 0, 0)
        server.sendto(head + query[12:end] + (answer if is_a else b""), client)
threading.Thread(target=serve, daemon=True).start()
"""
LOOK_UP = """
import socket
result = sorted({entry[4][0] for entry in socket.getaddrinfo("service.example", 443)})
"""


@pytest.fixture(params=["busybox_image", "musl_image", "base_image"])
def image(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.mark.parametrize("user", ["0", "12345"])
def test_name_in_the_hosts_file_is_found(in_image: InImage, image: str, user: str) -> None:
    hosts = {"service.example": "10.1.2.3"}
    found = in_image.value(image, LOOK_UP, user=user, extra_hosts=hosts, network_mode="none")
    assert found == ["10.1.2.3"]


def test_name_is_asked_of_the_server_in_resolv_conf(in_image: InImage, image: str) -> None:
    code = DNS_SERVER + LOOK_UP
    assert in_image.value(image, code, dns=["127.0.0.1"], network_mode="none") == ["10.9.8.7"]


def test_hosts_file_comes_before_the_name_server(in_image: InImage, image: str) -> None:
    hosts = {"service.example": "10.1.2.3"}
    code = DNS_SERVER + LOOK_UP
    options = {"dns": ["127.0.0.1"], "extra_hosts": hosts, "network_mode": "none"}
    assert in_image.value(image, code, **options) == ["10.1.2.3"]
