"""API Gateway's settings of an account over HTTP, and nothing else of it: moto's needs a dozen
packages for the rest."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class ApiGatewayAccount:
    """A context manager. ``log_role`` is the ARN that GetAccount tells; '' for none."""

    def __init__(self) -> None:
        self.log_role = ""
        account = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shown: dict[str, Any] = {"throttleSettings": {}, "features": []}
                if account.log_role:
                    shown["cloudwatchRoleArn"] = account.log_role
                found = self.path == "/account"
                body = json.dumps(shown if found else {"message": "not here"}).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
                """Nobody reads them."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        serve = {"target": self._http.serve_forever, "kwargs": {"poll_interval": 0.02}}
        threading.Thread(**serve, daemon=True).start()  # type: ignore[arg-type]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
