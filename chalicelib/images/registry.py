"""An image registry's answer to: is this image there, and what does it run on?

https://github.com/opencontainers/distribution-spec/blob/main/spec.md (manifests, blobs, errors) and
https://distribution.github.io/distribution/spec/auth/token/ (tokens). A GET of a manifest counts as
a pull where a registry limits pulls; a HEAD would not show the platforms.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from chalicelib.domain.image_manifest import (
    MEDIA_TYPES,
    InConfig,
    platforms_of_config,
    platforms_of_manifest,
)
from chalicelib.domain.image_reference import DOCKER_HUB, ImageReference
from chalicelib.images.guarded_https import MAX_BODY, WAIT_S, GuardedHttps, Reply, Unreachable
from chalicelib.ports import CannotTell, ImageFacts, NoSuchImage, Platforms, RegistryLogin

DOCKER_HUB_HOST = "registry-1.docker.io"
"""Where Docker Hub serves images; the name in references is another."""
MAX_TOKEN = 64 << 10
REDIRECTS = 3

_CERTAIN = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN"})
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"')


class Registry:
    """Registries over ``https``; anonymous unless a login is given. Holds no state."""

    def __init__(self, https: GuardedHttps, *, scheme: str = "https") -> None:
        """``scheme`` is for tests: plain HTTP, which ``https`` must allow."""
        self._https = https
        self._scheme = scheme

    def inspect(self, image: ImageReference, login: RegistryLogin | None) -> ImageFacts:
        """What the image's registry says of it. Never raises. May be repeated."""
        try:
            return self._inspect(image, login)
        except Unreachable as why:
            return CannotTell(str(why))

    def _inspect(self, image: ImageReference, login: RegistryLogin | None) -> ImageFacts:
        host = DOCKER_HUB_HOST if image.registry == DOCKER_HUB else image.registry
        base = f"{self._scheme}://{host}/v2/{image.repository}"
        manifest = f"{base}/manifests/{image.version}"
        accept = {"Accept": ", ".join(MEDIA_TYPES)}
        reply, authorization = self._get(manifest, accept, {}), dict[str, str]()
        if reply.status == 401:
            authorization = self._authorization(reply, image, login)
            reply = self._get(manifest, accept, authorization)
        if reply.status != 200:
            return _without_manifest(image, reply)
        found = platforms_of_manifest(reply.body)
        if isinstance(found, InConfig):
            blob = self._get(f"{base}/blobs/{found.digest}", {}, authorization)
            found = platforms_of_config(blob.body) if blob.status == 200 else None
        if found is None:
            return CannotTell(f"{image.registry} does not say what the image runs on")
        return Platforms(found)

    def _get(self, url: str, headers: Mapping[str, str], authorization: Mapping[str, str]) -> Reply:
        """One GET with its redirects; who is redirected to is shown no credentials."""
        first = urlsplit(url)[:2]
        for _ in range(REDIRECTS + 1):
            shown = authorization if urlsplit(url)[:2] == first else {}
            reply = self._https.get(url, {**headers, **shown}, timeout_s=WAIT_S, most=MAX_BODY)
            if reply.status not in (301, 302, 303, 307, 308):
                return reply
            try:
                url = urljoin(url, reply.headers.get("location", ""))
            except ValueError:
                raise Unreachable(f"{first[1]} redirects to what is not an address") from None
        raise Unreachable(f"{first[1]} redirects again and again")

    def _authorization(
        self, refused: Reply, image: ImageReference, login: RegistryLogin | None
    ) -> dict[str, str]:
        """What the registry wants to see. Raises ``Unreachable`` when there is no such thing."""
        kind, _, rest = refused.headers.get("www-authenticate", "").partition(" ")
        if kind.lower() == "basic" and login is not None:
            return _basic(login)
        asked = dict(_PARAMETER.findall(rest))
        if kind.lower() != "bearer" or "realm" not in asked:
            raise Unreachable(f"{image.registry} wants credentials")
        query = {"scope": asked.get("scope") or f"repository:{image.repository}:pull"}
        if "service" in asked:
            query["service"] = asked["service"]
        joint = "&" if "?" in asked["realm"] else "?"
        reply = self._https.get(
            f"{asked['realm']}{joint}{urlencode(query)}",
            _basic(login) if login is not None else {},
            timeout_s=WAIT_S,
            most=MAX_TOKEN,
        )
        given = _json(reply.body) if reply.status == 200 else {}
        token = given.get("token") or given.get("access_token")
        if not isinstance(token, str) or not token.isprintable():
            raise Unreachable(f"{image.registry} gave no token (status {reply.status})")
        return {"Authorization": f"Bearer {token}"}


def _without_manifest(image: ImageReference, reply: Reply) -> ImageFacts:
    errors = _json(reply.body).get("errors")
    listed = [error for error in errors if isinstance(error, dict)] if errors else []
    codes = [str(error.get("code", "")) for error in listed]
    if reply.status == 404 and _CERTAIN.intersection(codes):
        said = str(listed[0].get("message") or codes[0])
        return NoSuchImage(" ".join(said.split())[:200])
    words = ", ".join(codes)[:200] or "no reason given"
    return CannotTell(f"{image.registry} answered with status {reply.status}: {words}")


def _basic(login: RegistryLogin) -> dict[str, str]:
    pair = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
