"""Words in a commit's message that ask for no build."""

from __future__ import annotations

import re

_ASKS = re.compile(
    r"\[\s*(?:(?:ci|towline)\s+skip|(?:skip|no)\s+(?:ci|towline))\s*\]", re.IGNORECASE
)


def asks_to_skip(message: str) -> bool:
    """Whether a commit's message holds ``[skip ci]``, ``[ci skip]`` or ``[no ci]``.

    Anywhere in it, in any case, also with ``towline`` for ``ci``.
    """
    return _ASKS.search(message) is not None
