"""Its repositories over git's own protocol, for whoever has a token that may read them."""

from __future__ import annotations

import base64
import binascii
from email.message import Message
from urllib.parse import unquote, urlsplit

from tests.fakes.git_server import http_backend
from tests.fakes.github_server.access import Denied, check_repository, token_of
from tests.fakes.github_server.over_http import Reply
from tests.fakes.github_server.world import World


def git_reply(world: World, method: str, target: str, headers: Message, body: bytes) -> Reply:
    """An answer of ``git http-backend`` for ``/owner/repo.git/...``; pushes are not taken."""
    parts, shown = urlsplit(target), headers["Authorization"] or ""
    owner, _, rest = unquote(parts.path).lstrip("/").partition("/")
    name, _, service = rest.partition("/")
    try:
        token = token_of(world, f"Bearer {password(shown)}")
        found = world.found(owner, name.removesuffix(".git"))
        repository = check_repository(world, token, found, "contents:read")
    except Denied as denied:
        # Without a token GitHub does not say what is there, it asks for one.
        asks = denied.status if shown else 401
        return Reply(asks, {"WWW-Authenticate": 'Basic realm="GitHub"'}, b"Repository not found.")
    if repository.git is None or "receive-pack" in target:
        return Reply(403, {}, b"It can't be had here.")
    path = f"/{repository.git.name}/{service}" + (f"?{parts.query}" if parts.query else "")
    status, sent, content = http_backend(repository.git.parent, method, path, headers, body)
    return Reply(status, dict(sent), content)


def password(shown: str) -> str:
    """The token of HTTP's basic authentication; '' without one."""
    kind, _, pair = shown.partition(" ")
    try:
        text = base64.b64decode(pair).decode() if kind.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return "unreadable"
    return text.partition(":")[2]
