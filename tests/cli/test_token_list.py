"""``towline token list``: each token on a line, and whether it still works."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from towline.cli.terminal import Terminal
from towline.cli.token import table

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_token_shows_when_it_expires_or_that_it_has() -> None:
    tokens: list[dict[str, Any]] = [
        {"id": "aaaaaaaaaaaa", "scopes": ["admin"], "name": "towline deploy", "expires_at": None},
        {
            "id": "bbbbbbbbbbbb", "scopes": ["read", "submit"], "name": "ci", "project": "web",
            "expires_at": "2027-02-21T21:17:34.558358Z",
        },
        {
            "id": "cccccccccccc", "scopes": ["read"], "name": "old",
            "expires_at": "2026-11-23T12:00:00Z",
        },
    ]  # fmt: skip
    assert table(tokens, NOW, Terminal(io.StringIO(), {})) == [
        "ID            SCOPES       EXPIRES            PROJECT  NAME",
        "aaaaaaaaaaaa  admin        never              all      towline deploy",
        "bbbbbbbbbbbb  read,submit  2027-02-21 21:17Z  web      ci",
        "cccccccccccc  read         expired            all      old",
    ]
