"""GitHub as one deployment asks it: made when it is first needed, kept while its keys are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.github.client.github import GitHub, Project
    from chalicelib.github.client.site import Site


@dataclass
class DeployedGitHub:
    """``build_ports.GitHubAccess``. ``parameters`` gives ``app-id``, ``app-key`` and ``token``, as
    far as they are set; ``url`` is GitHub's address, '' for github.com."""

    url: str
    parameters: Callable[[], Mapping[str, str]]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    chance: Callable[[], float]
    _made: tuple[tuple[str, str], GitHub] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def site(self) -> Site:
        """By the address alone."""
        from chalicelib.github.client.errors import BadCredentials
        from chalicelib.github.client.site import site_of

        try:
            return site_of(self.url)
        except ValueError as wrong:
            raise BadCredentials(str(wrong)) from None

    def github(self) -> GitHub:
        """The client, with its tokens; another one once the App's key was changed."""
        from pydantic import SecretStr

        from chalicelib.github.client.app_key import AppKey
        from chalicelib.github.client.exchange import Exchange
        from chalicelib.github.client.github import GitHub
        from chalicelib.github.client.transport import HttpTransport

        found = self.parameters()
        app = (found.get("app-id", ""), found.get("app-key", ""))
        with self._lock:
            if self._made is None or self._made[0] != app:
                key = AppKey(app[0], SecretStr(app[1])) if all(app) else None
                exchange = Exchange(
                    self.site(), HttpTransport(), self.clock, self.sleep, self.chance
                )
                self._made = (app, GitHub(exchange, key))
            return self._made[1]

    def is_ours(self, app_id: int | None) -> bool:
        """No for an App that was configured by its client id, which is no number."""
        return app_id is not None and self.parameters().get("app-id") == str(app_id)

    def service_token(self) -> str | None:
        return self.parameters().get("token")

    def client(self, project_token: str | None, installation_id: int | None, who: str) -> Project:
        """The project's own token first, as its owner chose it; then the App's installation."""
        from pydantic import SecretStr

        github = self.github()
        if project_token is not None:
            return github.for_token(SecretStr(project_token), who)
        if installation_id is not None and github.key is not None:
            return github.for_installation(installation_id)
        token = self.service_token()
        if token is not None:
            return github.for_token(SecretStr(token), "this service")
        return github.anonymous()
