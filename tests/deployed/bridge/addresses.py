"""The API's address: what only AWS can resolve is made to lead to the emulator.

``https://<id>.execute-api.<region>.amazonaws.com`` belongs to AWS. The one API that is deployed is
served below ``/public``, as a domain of one's own would serve it; the template takes such an
address as its parameter ``PublicUrl``.
"""

from __future__ import annotations

from typing import Any

import ministack.app
from ministack.services import apigateway_v1

PUBLIC = "/public"
API_STAGE = "api"


def bridge() -> None:
    ministack.app.app = _PublicAddress(ministack.app.app)


class _PublicAddress:
    """ASGI: ``/public/...`` is the deployed API's own path."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{PUBLIC}/"):
            scope = {**scope, **_moved(scope)}
        await self._app(scope, receive, send)


def _moved(scope: dict[str, Any]) -> dict[str, Any]:
    ids = [key[-1] for key, _ in apigateway_v1._rest_apis.all_items()]
    before = f"/_aws/execute-api/{ids[-1] if ids else 'none'}/{API_STAGE}"
    raw = scope.get("raw_path") or scope["path"].encode()
    return {
        "path": before + scope["path"].removeprefix(PUBLIC),
        "raw_path": before.encode() + raw.removeprefix(PUBLIC.encode()),
    }
