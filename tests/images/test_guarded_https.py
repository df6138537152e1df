"""A submitter's image can't make the service look at what only the service can reach."""

from __future__ import annotations

import datetime
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.images import guarded_https
from chalicelib.images.guarded_https import GuardedHttps, Unreachable, body_of, is_public

HOST = "registry.example"


def get(https: GuardedHttps, url: str) -> bytes:
    return https.get(url, {}, timeout_s=10, most=1000).body


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.251",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "not an address",
    ],
)
def test_an_address_that_is_not_on_the_internet_is_not_asked(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr(socket, "create_connection", connect)
    assert not is_public(address)
    for found in ([address], ["93.184.215.14", address]):
        https = GuardedHttps(resolve=lambda host, port, found=found: found)  # type: ignore[misc]
        with pytest.raises(Unreachable, match="not on the internet"):
            get(https, f"https://{HOST}/v2/")


def test_public_addresses_are_public() -> None:
    assert is_public("93.184.215.14")
    assert is_public("8.8.8.8")


@pytest.mark.parametrize(
    "url", ["http://a.io/", "file:///etc/passwd", "https://", "x", "https://a:b"]
)
def test_only_https_is_spoken(url: str) -> None:
    with pytest.raises(Unreachable, match="address"):
        get(GuardedHttps(resolve=lambda host, port: ["8.8.8.8"]), url)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f000001", "2130706433", "127.0.0.1."])
def test_other_spellings_of_this_machine_are_known(host: str) -> None:
    with pytest.raises(Unreachable):
        get(GuardedHttps(), f"https://{host}/")


def test_the_name_is_resolved_once_and_that_address_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name server that gives another address the second time changes nothing."""
    asked: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        asked.append(address)
        raise OSError("far away")

    answers = [["8.8.8.8"], ["169.254.169.254"]]
    monkeypatch.setattr(socket, "create_connection", connect)
    https = GuardedHttps(resolve=lambda host, port: answers.pop(0))
    with pytest.raises(Unreachable, match="far away"):
        get(https, f"https://{HOST}:8443/")
    assert asked == [("8.8.8.8", 8443)]
    assert len(answers) == 1


def test_a_name_that_is_not_known_is_said_so() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror("Name or service not known")

    with pytest.raises(Unreachable, match=f"{HOST} is not known"):
        get(GuardedHttps(resolve=resolve), f"https://{HOST}/")
    assert body_of(GuardedHttps(resolve=resolve), f"https://{HOST}/") is None


@pytest.fixture
def https_server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server with a certificate for HOST; its port and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{self.headers['Host']} {self.path}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_address[1], certificate
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_certificate_must_be_the_names_not_the_addresss(
    https_server: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, certificate = https_server
    monkeypatch.setattr(guarded_https, "is_public", lambda _: True)
    trusting = ssl.create_default_context(cafile=str(certificate))
    https = GuardedHttps(resolve=lambda host, port: ["127.0.0.1"], context=trusting)
    assert get(https, f"https://{HOST}:{port}/a?b") == f"{HOST}:{port} /a?b".encode()
    with pytest.raises(Unreachable, match="certificate"):
        get(https, f"https://other.example:{port}/")
    with pytest.raises(Unreachable, match="certificate"):
        get(GuardedHttps(resolve=lambda host, port: ["127.0.0.1"]), f"https://{HOST}:{port}/")
