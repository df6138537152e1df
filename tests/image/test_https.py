"""The runner checks the service's certificate, by host name, in an image without certificates."""

from __future__ import annotations

import datetime
import io
import ssl
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import docker
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from docker.types import Mount

from tests.image.in_image import InImage
from towline.runner_build import ensure_runner

# One group: the image with the test's own authority is made once.
pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("https")]

HOST = "service.example"
VALID_FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
VALID_UNTIL = datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC)
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

# What the runner does with its own modules, as they are in the folder.
GET = """
import socket, sys
sys.path.insert(0, "/towline/runner")
from towline_runner import trust
host, port = {host!r}, {port}
try:
    with trust.wrap(socket.create_connection((host, port), 10), host) as tls:
        tls.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        result = b"".join(iter(lambda: tls.recv(4096), b"")).decode().splitlines()[-1]
except OSError as trouble:
    result = f"{{type(trouble).__name__}}: {{trouble}}"
"""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of this test run."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = _builder(subject, subject, key).add_extension(constraints, critical=True)
        return cls(key, builder.sign(key, hashes.SHA256()))

    def server_files(self, host: str, folder: Path) -> Path:
        """A PEM file with a certificate for ``host`` and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        builder = _builder(subject, self.certificate.subject, key)
        certificate = builder.add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file = folder / f"{host}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        return file


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_UNTIL)
    )


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello over TLS")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.new("Towline's test authority")


@pytest.fixture(scope="module")
def trusting(
    docker_client: docker.DockerClient, base_image: str, authority: Authority
) -> Iterator[InImage]:
    """A runner built on a base whose authorities include the test's, as a company's base would."""
    base = f"towline-base:trusting-{authority.certificate.serial_number:x}"
    pem = authority.certificate.public_bytes(serialization.Encoding.PEM)
    dockerfile = f"FROM {base_image}\nCOPY own.pem /own.pem\nRUN cat /own.pem >> {BUNDLE}\n"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, content in (("Dockerfile", dockerfile.encode()), ("own.pem", pem)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    context.seek(0)
    docker_client.images.build(fileobj=context, custom_context=True, tag=base, rm=True)
    runner = ensure_runner(docker_client, base=base, progress=lambda line: None)
    yield InImage(docker_client, runner)
    docker_client.volumes.get(runner.volume).remove()
    for tag in docker_client.images.get(runner.image_id).tags:
        docker_client.images.remove(tag)
    docker_client.images.remove(base)


@pytest.fixture(params=["right", "other host", "other authority"])
def server(
    request: pytest.FixtureRequest, authority: Authority, tmp_path: Path
) -> Iterator[tuple[str, int]]:
    """An HTTPS server on loopback, and whether its certificate is the right one."""
    signer = Authority.new("Nobody") if request.param == "other authority" else authority
    host = "elsewhere.example" if request.param == "other host" else HOST
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signer.server_files(host, tmp_path))
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Hello)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield request.param, listening.server_port
    listening.shutdown()
    listening.server_close()
    thread.join()


# An image may configure its own OpenSSL so that it uses one module alone (FIPS); ours has none.
STRICT_CONFIGURATION = """
openssl_conf = all
[all]
providers = chosen
[chosen]
special = special_section
[special_section]
activate = 1
"""
ENVIRONMENTS = {
    "plain": {},
    "strict": {"OPENSSL_CONF": "/strict.cnf", "SSL_CERT_FILE": "/nowhere.pem"},
}


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
@pytest.mark.parametrize("user", ["0", "12345"])
def test_service_is_believed_when_a_known_authority_vouches_for_its_name(
    trusting: InImage,
    busybox_image: str,
    server: tuple[str, int],
    user: str,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    kind, port = server
    (tmp_path / "strict.cnf").write_text(STRICT_CONFIGURATION)
    answer = trusting.value(
        busybox_image,
        GET.format(host=HOST, port=port),
        user=user,
        environment=environment,
        mounts=[Mount("/strict.cnf", str(tmp_path / "strict.cnf"), type="bind", read_only=True)],
        network_mode="host",
        extra_hosts={HOST: "127.0.0.1"},
    )
    expected = {
        "right": "hello over TLS",
        "other host": "Hostname mismatch",
        "other authority": "unable to get local issuer certificate",
    }
    assert expected[kind] in answer
