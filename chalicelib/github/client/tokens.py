"""Tokens of the App's installations: made when needed, kept until shortly before they end.

https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app. They live
for an hour. One that a job gets is for one repository, to read its contents, and is never one of
those kept here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr, ValidationError

from chalicelib.github.client.access import Bearer
from chalicelib.github.client.app_key import LIFE, AppKey, app_jwt
from chalicelib.github.client.call import Call
from chalicelib.github.client.errors import Misunderstood
from chalicelib.github.client.exchange import Exchange

EARLY = timedelta(minutes=5)
"""A token that ends sooner than this is not used for another call."""
CHECKOUT = {"contents": "read", "metadata": "read"}
"""All that a job may do with its token: fetch."""


class InstallationToken(BaseModel):
    """A token and its end."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    token: SecretStr
    expires_at: AwareDatetime


@dataclass
class AppTokens:
    """One for a process, so that its tokens are kept. May be used by several threads."""

    key: AppKey
    exchange: Exchange
    now: Callable[[], datetime]
    _jwt: tuple[SecretStr, datetime] | None = field(default=None, repr=False)
    _kept: dict[int, InstallationToken] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def as_app(self) -> Bearer:
        """The App itself, which may only ask about its installations. Raises ``BadCredentials``."""
        now = self.now()
        with self._lock:
            if self._jwt is None or self._jwt[1] - timedelta(minutes=1) < now:
                self._jwt = (app_jwt(self.key, now), now + LIFE)
            return Bearer(self._jwt[0], f"App {self.key.app_id}")

    def of(self, installation_id: int) -> SecretStr:
        """A token with all that the installation allows. Raises ``GitHubError``."""
        with self._lock:
            kept = self._kept.get(installation_id)
        if kept is None or kept.expires_at - EARLY < self.now():
            kept = self._make(installation_id, None)
            with self._lock:
                self._kept[installation_id] = kept
        return kept.token

    def for_checkout(self, installation_id: int, repository_id: int) -> InstallationToken:
        """A token that reads this repository's contents, nothing else. Raises ``GitHubError``.

        Each call makes another one: a job's token is nobody else's.
        """
        return self._make(
            installation_id, {"repository_ids": [repository_id], "permissions": CHECKOUT}
        )

    def forget(self, installation_id: int) -> None:
        """GitHub did not accept its token: the next call makes another."""
        with self._lock:
            self._kept.pop(installation_id, None)

    def _make(self, installation_id: int, body: Mapping[str, object] | None) -> InstallationToken:
        call = Call(
            "POST",
            "/app/installations/{installation_id}/access_tokens",
            {"installation_id": str(installation_id)},
            body=body,
        )
        answer = self.exchange.ask(call, self.as_app())
        try:
            return InstallationToken.model_validate(answer.data)
        except ValidationError:
            # Not "from": it would quote the answer, and that is a token.
            raise Misunderstood("GitHub gave no token for the installation") from None


@dataclass(frozen=True, slots=True)
class InstallationAccess:
    """Asks as an installation of the App."""

    tokens: AppTokens
    installation_id: int

    @property
    def who(self) -> str:
        """The installation: limits are its own."""
        return f"installation {self.installation_id}"

    def headers(self) -> Mapping[str, str]:
        """Makes a token when there is none. Raises ``GitHubError``."""
        return Bearer(self.tokens.of(self.installation_id), self.who).headers()

    def forget(self) -> bool:
        """A token can be revoked before its end, so another is tried."""
        self.tokens.forget(self.installation_id)
        return True
