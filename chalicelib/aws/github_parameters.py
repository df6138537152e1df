"""What a deployment keeps of GitHub in SSM: webhook secrets, the App's id and key, a token.

All are SecureStrings below ``<prefix>/github/``. Two webhook secrets are valid at once, so that
one can be changed: put the new one into ``webhook-secret-next``, change it on GitHub, then move it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.domain.github_keys import (
    APP_ID,
    APP_KEY,
    NAMES,
    NEXT_SECRET,
    TOKEN,
    WEBHOOK_SECRET,
)

WEBHOOK_SECRETS = (WEBHOOK_SECRET, NEXT_SECRET)
APP = (APP_ID, APP_KEY, TOKEN)
CACHE_S = 60.0


class GitHubParameters:
    """``build_ports.WebhookSecrets`` and ``build_ports.GitHubKeys``.

    Read in one GetParameters for each of the two kinds, and kept for ``cache_s`` seconds.
    """

    def __init__(
        self,
        clients: AwsClients,
        prefix: str,
        *,
        cache_s: float = CACHE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._prefix = f"{prefix.rstrip('/')}/github"
        self._cache_s = cache_s
        self._monotonic = monotonic
        self._cache: dict[tuple[str, ...], tuple[float, dict[str, str]]] = {}

    def secrets(self) -> Mapping[str, str]:
        return self.read(WEBHOOK_SECRETS)

    def read(self, names: tuple[str, ...] = APP) -> dict[str, str]:
        """Values by name; what is not set is left out."""
        now = self._monotonic()
        cached = self._cache.get(names)
        if cached is not None and now < cached[0]:
            return cached[1]
        paths = {f"{self._prefix}/{name}": name for name in names}
        with service_calls("read the parameters of GitHub", hide_message=True):
            answer = self._clients.ssm().get_parameters(Names=list(paths), WithDecryption=True)
        found = {paths[each["Name"]]: each["Value"].strip() for each in answer["Parameters"]}
        found = {name: found[name] for name in names if found.get(name)}
        self._cache[names] = (now + self._cache_s, found)
        return found

    def put(self, name: str, value: str) -> None:
        """Store or replace one. Counts elsewhere once what is cached there is over."""
        with service_calls(f"store GitHub's {name}", hide_message=True):
            self._clients.ssm().put_parameter(
                Name=f"{self._prefix}/{name}",
                Value=value,
                Type="SecureString",
                Overwrite=True,
                Tier="Intelligent-Tiering",
            )
        self._cache.clear()

    def kept(self) -> Mapping[str, datetime]:
        """Never from the cache; the values are not decrypted on the way."""
        paths = {f"{self._prefix}/{name}": name for name in NAMES}
        with service_calls("list the parameters of GitHub", hide_message=True):
            answer = self._clients.ssm().get_parameters(Names=list(paths), WithDecryption=False)
        return {
            paths[each["Name"]]: each["LastModifiedDate"].astimezone(UTC)
            for each in answer["Parameters"]
        }

    def remove(self, name: str) -> bool:
        """Forget one; False when it was not there."""
        from botocore.exceptions import ClientError

        self._cache.clear()
        with service_calls(f"remove GitHub's {name}", hide_message=True):
            try:
                self._clients.ssm().delete_parameter(Name=f"{self._prefix}/{name}")
            except ClientError as error:
                if error_code(error) == "ParameterNotFound":
                    return False
                raise
        return True

    def fresh(self, name: str) -> str | None:
        """One value, never from the cache."""
        self._cache.clear()
        return self.read((name,)).get(name)
