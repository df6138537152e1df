"""``towline webhook replay``: what is sent is what was recorded, signed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from chalicelib.github.deliveries import Delivery, receive
from towline.cli.main import main

GUID = "0b989ba4-242f-11e5-81e1-c7b6966d2516"


class Hook:
    """A service's webhook: keeps what came, answers as it is told."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.status = 202
        self.says: dict[str, Any] = {"done": "accepted", "build": "b1"}
        self.headers: dict[str, str] = {}
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.came.append((dict(self.headers.items()), body))
                self.send_response(hook.status)
                for name, value in hook.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if hook.status != 204:
                    self.wfile.write(json.dumps(hook.says).encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/api"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("TOWLINE_URL", made.url)
    monkeypatch.setenv("TOWLINE_GITHUB_WEBHOOK_SECRET", "s")
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def written(path: Path, content: object) -> str:
    path.write_text(json.dumps(content, indent=1))
    return str(path)


def test_a_recorded_delivery_arrives_as_it_was(
    hook: Hook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = {
        "guid": GUID,
        "event": "push",
        "request": {"headers": {"X-GitHub-Event": "push"}, "payload": {"ref": "refs/heads/ä"}},
    }
    assert main(["webhook", "replay", written(tmp_path / "d.json", recorded)]) == 0
    assert "accepted: build b1, if the repository's file has jobs for it" in capsys.readouterr().err
    [(headers, body)] = hook.came
    taken = receive(headers, body, ["s"])
    assert isinstance(taken, Delivery)
    assert (taken.event, taken.id, json.loads(taken.payload)) == (
        "push",
        GUID,
        {"ref": "refs/heads/ä"},
    )


def test_a_payload_alone_is_sent_byte_by_byte_with_an_event(hook: Hook, tmp_path: Path) -> None:
    path = written(tmp_path / "p.json", {"zen": 1})
    assert main(["webhook", "replay", path, "--event", "ping", "--secret", "other"]) == 0
    headers, body = hook.came[0]
    assert body == Path(path).read_bytes()
    assert isinstance(receive(headers, body, ["other"]), Delivery)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"zen": 1}, "--event"),
        (["x"], "not a JSON object"),
    ],
    ids=["no event", "a list"],
)
def test_what_is_no_delivery_is_said(
    hook: Hook, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: object, said: str
) -> None:
    assert main(["webhook", "replay", written(tmp_path / "p.json", content)]) != 0
    assert said in capsys.readouterr().err
    assert not hook.came


def test_a_refusal_is_a_failure_in_the_services_words(
    hook: Hook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook.status, hook.says = 401, {"error": {"message": "not signed with it"}}
    path = written(tmp_path / "p.json", {})
    assert main(["webhook", "replay", path, "--event", "push"]) != 0
    assert "status 401: not signed with it" in capsys.readouterr().err


def test_a_delivery_that_starts_nothing_says_why(
    hook: Hook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook.status, hook.headers = 204, {"X-Towline-Reason": "acme/web is not registered here"}
    path = written(tmp_path / "p.json", {})
    assert main(["webhook", "replay", path, "--event", "push"]) == 0
    assert "acme/web is not registered here" in capsys.readouterr().err
