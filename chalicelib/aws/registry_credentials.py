"""Logins for private job images, in Secrets Manager in the form that ECS reads.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.ports import RegistryLogin, ServiceTrouble

MAX_LOGIN_BYTES = 10_000
"""Of user name and password together; a secret takes 65,536 bytes."""


class SecretsManagerLogins:
    """``ports.RegistryCredentials``: secrets ``<prefix><name>`` of ``{"username", "password"}``.

    A secret's description is the host of its registry, so that a list shows it without reading the
    password. No error names a value: the service's own words are left out, as they may quote it.
    """

    def __init__(self, clients: AwsClients, prefix: str) -> None:
        self._clients = clients
        self._prefix = prefix

    def put(self, name: str, login: RegistryLogin) -> None:
        """One request for a new name, two for one that is there.

        Raises ``ValueError`` when there is no user name or password, or they are too long.
        """
        from botocore.exceptions import ClientError

        size = len(login.username.encode()) + len(login.password.encode())
        if not login.username or not login.password:
            raise ValueError("registry credentials need a user name and a password")
        if size > MAX_LOGIN_BYTES:
            raise ValueError(
                f"user name and password have {size} bytes; at most {MAX_LOGIN_BYTES} can be kept"
            )
        kept: Any = {
            "Description": login.registry,
            "SecretString": json.dumps({"username": login.username, "password": login.password}),
        }
        with service_calls(f"keep the registry credentials {name}", hide_message=True):
            manager = self._clients.secretsmanager()
            try:
                manager.create_secret(Name=self._prefix + name, **kept)
            except ClientError as error:
                if error_code(error) != "ResourceExistsException":
                    raise
                manager.update_secret(SecretId=self._prefix + name, **kept)

    def login(self, name: str) -> RegistryLogin | None:
        """Two requests; None when there are no such credentials."""
        from botocore.exceptions import ClientError

        secret: Any = {"SecretId": self._prefix + name}
        with service_calls(f"read the registry credentials {name}", hide_message=True):
            manager = self._clients.secretsmanager()
            try:
                registry = manager.describe_secret(**secret).get("Description", "")
                text = manager.get_secret_value(**secret)["SecretString"]
            except ClientError as error:
                # InvalidRequestException: somebody has scheduled its deletion.
                if error_code(error) in ("ResourceNotFoundException", "InvalidRequestException"):
                    return None
                raise
        try:
            kept = json.loads(text)
            return RegistryLogin(registry, str(kept["username"]), str(kept["password"]))
        except (ValueError, TypeError, KeyError):
            raise ServiceTrouble(
                f"the secret of the registry credentials {name} was changed by hand and is not "
                'what ECS reads, {"username", "password"}',
                retryable=False,
            ) from None

    def all(self) -> dict[str, str]:
        """One request for each hundred. A change may show only minutes later.

        https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
        """
        found = {}
        with service_calls("list the registry credentials", hide_message=True):
            pages = self._clients.secretsmanager().get_paginator("list_secrets")
            for page in pages.paginate(Filters=[{"Key": "name", "Values": [self._prefix]}]):
                for secret in page["SecretList"]:
                    name = secret["Name"].removeprefix(self._prefix)
                    found[name] = secret.get("Description", "")
        return dict(sorted(found.items()))

    def delete(self, name: str) -> bool:
        """Remove it at once, not after a recovery window; False when it was not there."""
        from botocore.exceptions import ClientError

        secret: Any = {"SecretId": self._prefix + name}
        with service_calls(f"remove the registry credentials {name}", hide_message=True):
            manager = self._clients.secretsmanager()
            try:
                # A forced deletion does not say whether there was anything to delete.
                manager.describe_secret(**secret)
                manager.delete_secret(**secret, ForceDeleteWithoutRecovery=True)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return False
                raise
        return True
