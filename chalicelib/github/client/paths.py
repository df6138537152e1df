"""A repository's name in addresses."""

from __future__ import annotations

import re

_NAME = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9_.-]{0,99})/([A-Za-z0-9_.-]{1,100})\Z")


def of_repository(name: str) -> dict[str, str]:
    """``owner`` and ``repo``. Raises ``ValueError``, a sentence, for what is no such name."""
    found = _NAME.match(name)
    if found is None or found[2] in (".", ".."):
        raise ValueError(f"{name[:200]!r} is no repository: write it as owner/repo")
    return {"owner": found[1], "repo": found[2]}
