"""The claim over HTTPS: the certificate and the name are checked, extra trust can be given."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.runner.conftest import Start
from tests.runner.fake_service import FakeService


def secured(service: FakeService, folder: Path, name: x509.GeneralName) -> Path:
    """Let the service speak TLS with a certificate of its own for ``name``; that certificate."""
    public, private = certificate_for(name, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    service.socket = context.wrap_socket(
        service.socket, server_side=True, do_handshake_on_connect=False
    )
    service.scheme = "https"
    return public


def certificate_for(name: x509.GeneralName, folder: Path) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a service of our own")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = folder / "public.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = folder / "private.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@pytest.mark.parametrize("variable", ["TOWLINE_CA_FILE", "SSL_CERT_FILE"])
def test_a_service_with_a_certificate_of_its_own(
    service: FakeService, start: Start, tmp_path: Path, variable: str
) -> None:
    trusted = secured(service, tmp_path, LOOPBACK)
    service.script("echo hi; exit 3")
    assert start({variable: str(trusted)}).wait() == 3
    assert service.log == b"hi\n"
    assert service.report["exit"]["code"] == 3


@pytest.mark.parametrize("trusted", [True, False])
def test_a_wrong_name_or_an_unknown_certificate_is_no_service(
    service: FakeService, start: Start, tmp_path: Path, trusted: bool
) -> None:
    name = x509.DNSName("elsewhere.example") if trusted else LOOPBACK
    public = secured(service, tmp_path, name)
    service.script("exit 3")
    runner = start({"TOWLINE_CA_FILE": str(public)} if trusted else None)
    # It is tried again for two minutes; nothing of the protocol gets through meanwhile.
    service.wait_for_connections(3)
    runner.process.terminate()
    status, _, _ = runner.finish()
    assert status == 120
    assert service.requests == []
