"""One request over a real connection: certificates, deadlines, connections that are used again."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.github.client.transport import IDLE_S, HttpTransport, NoAnswer, Request, TooLong

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Raw:
    """Answers every request with what ``answer`` makes of it, until that is nothing."""

    def __init__(
        self, answer: Callable[[socket.socket, int], None], context: ssl.SSLContext | None = None
    ) -> None:
        self._answer, self._context = answer, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.requests = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            while connection.recv(65536):
                self.requests += 1
                self._answer(connection, self.requests)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        # Closing alone does not wake a thread in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Raw]]:
    made: list[Raw] = []

    def start(
        answer: Callable[[socket.socket, int], None], context: ssl.SSLContext | None = None
    ) -> Raw:
        made.append(Raw(answer, context))
        return made[-1]

    yield start
    for each in made:
        each.close()


def get(transport: HttpTransport, server: Raw, *, scheme: str = "http", **limits: float) -> bytes:
    request = Request("GET", f"{scheme}://127.0.0.1:{server.port}/x", {"authorization": "secret"})
    within = limits.get("timeout_s", 20.0)
    return transport(request, timeout_s=within, most=int(limits.get("most", 100))).body


def test_a_connection_is_used_again(serve: Callable[..., Raw]) -> None:
    server = serve(lambda connection, _: connection.sendall(OK))
    transport = HttpTransport()
    assert [get(transport, server) for _ in range(3)] == [b"ok"] * 3
    assert server.connections == 1
    transport.close()


def test_one_that_was_idle_for_long_is_not(serve: Callable[..., Raw]) -> None:
    """Lambda freezes between events; the other side has hung up by then."""
    server = serve(lambda connection, _: connection.sendall(OK))
    now = [0.0]
    transport = HttpTransport(clock=lambda: now[0])
    get(transport, server)
    now[0] = IDLE_S + 1
    get(transport, server)
    assert server.connections == 2
    transport.close()


def test_one_that_ended_in_trouble_is_not(serve: Callable[..., Raw]) -> None:
    def answer(connection: socket.socket, number: int) -> None:
        connection.sendall(b"nonsense\r\n\r\n" if number == 1 else OK)

    server = serve(answer)
    transport = HttpTransport()
    with pytest.raises(NoAnswer) as lost:
        get(transport, server)
    assert lost.value.sent
    assert get(transport, server) == b"ok"
    assert server.connections == 2
    transport.close()


def test_a_deadline_is_for_all_of_an_answer(serve: Callable[..., Raw]) -> None:
    """One byte now and then keeps every single wait short."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    now = [0.0]

    def answer(connection: socket.socket, _: int) -> None:
        connection.sendall(head)
        for _step in range(50):
            now[0] += 1.0
            connection.sendall(b"x")

    server = serve(answer)
    transport = HttpTransport(clock=lambda: now[0])
    with pytest.raises(NoAnswer, match="too slow"):
        get(transport, server, timeout_s=10.0, most=2000)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
        b"",
        b"HTTP/1.1 20",
    ],
    ids=["cut", "cut chunk", "nothing", "cut head"],
)
def test_half_an_answer_is_none(serve: Callable[..., Raw], answer: bytes) -> None:
    def half(connection: socket.socket, _: int) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    transport = HttpTransport()
    with pytest.raises(NoAnswer) as lost:
        get(transport, serve(half))
    assert "secret" not in str(lost.value)


def test_a_long_answer_is_not_read_to_its_end(serve: Callable[..., Raw]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    server = serve(lambda connection, _: connection.sendall(head + b"x" * 101))
    with pytest.raises(TooLong, match="more than 100 bytes"):
        get(HttpTransport(), server)


def test_a_header_that_cannot_be_sent_is_not_quoted(serve: Callable[..., Raw]) -> None:
    server = serve(lambda connection, _: connection.sendall(OK))
    request = Request("GET", f"http://127.0.0.1:{server.port}/", {"authorization": "a\nsecret"})
    with pytest.raises(NoAnswer) as refusal:
        HttpTransport()(request, timeout_s=20, most=10)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__suppress_context__
    assert not refusal.value.sent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its own authority, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_a_certificate_that_nobody_vouches_for_is_refused(
    serve: Callable[..., Raw], certificate: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = serve(lambda connection, _: connection.sendall(OK), context)
    with pytest.raises(NoAnswer, match="certificate") as refusal:
        get(HttpTransport(), server, scheme="https")
    assert not refusal.value.sent
    assert server.requests == 0
    trusting = HttpTransport(context=ssl.create_default_context(cafile=str(certificate)))
    assert get(trusting, server, scheme="https") == b"ok"
    trusting.close()
