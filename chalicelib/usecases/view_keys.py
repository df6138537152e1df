"""Links that show a job or a build to whoever has them: browsers that come from GitHub have no
token.

A key is HMAC(server key, what, id): nothing is stored, it is checked without any read, it never
ends but with the record itself, and it opens one page for reading and nothing else. A build's
page links to its jobs' and back, so the key of one is as good as a look at the whole build.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum


class Viewed(StrEnum):
    """What a link shows; the value is the part of its path."""

    JOB = "jobs"
    BUILD = "builds"


def view_key(server_key: bytes, what: Viewed, id_: str) -> str:
    """64 hexadecimal digits. Pure."""
    # As in usecases/credentials.py the first word keeps the kinds apart, and NUL is in no id.
    words = ("view", what.value, id_)
    return hmac.new(server_key, "\0".join(words).encode(), hashlib.sha256).hexdigest()


def opens(server_key: bytes, what: Viewed, id_: str, shown: str) -> bool:
    """Whether that is the key of it. Takes as long for a wrong one as for the right one."""
    right = view_key(server_key, what, id_)
    return hmac.compare_digest(right.encode(), shown.encode("utf-8", "replace"))


def view_url(public_url: str, server_key: bytes, what: Viewed, id_: str) -> str:
    """The whole address, for statuses and e-mails. ``public_url`` is the API's own."""
    key = view_key(server_key, what, id_)
    return f"{public_url.rstrip('/')}/{what.value}/{id_}/view?key={key}"
