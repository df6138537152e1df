"""Calls the app's routes through Chalice's own test client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chalice.test import Client, HTTPResponse

import app


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> tuple[int, str, str | None]:
        """Status, code and field of an error; its message is always a sentence."""
        error = self.body["error"]
        assert set(error) == {"code", "message", "field"}
        assert error["message"]
        for jargon in ("pydantic", "Value error", "Input should", "Traceback", "Field required"):
            assert jargon not in error["message"]
        return self.status, error["code"], error["field"]

    @property
    def message(self) -> str:
        return str(self.body["error"]["message"])


class Caller:
    def __init__(self, token: str | None) -> None:
        self._token = token
        self._client = Client(app.app)

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self._token is not None and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self._token}"
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        response = self._client.http.request(method, path, headers=sent, body=data)
        return Answer(response.status_code, response.json_body, response.headers)

    def raw(self, path: str) -> HTTPResponse:
        """A GET whose answer may have no JSON in it."""
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._client.http.get(path, headers=headers)
