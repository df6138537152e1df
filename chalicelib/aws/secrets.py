"""Projects' secrets in SSM Parameter Store, as SecureStrings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls

BATCH = 10
"""The most names that GetParameters takes."""
MAX_VALUE_BYTES = 8192
"""Of an advanced parameter; up to 4,096 bytes a standard one is used, which is free."""


class SsmSecrets:
    """``ports.SecretStore``: ``<prefix>/secrets/<project>/<name>``.

    No error names a value: the service's own words are left out, as they may quote it.
    """

    def __init__(self, clients: AwsClients, prefix: str) -> None:
        self._clients = clients
        self._prefix = f"{prefix.rstrip('/')}/secrets"

    def put(self, project: str, name: str, value: str) -> None:
        """Store or replace a value. Raises ``ValueError`` when it is empty or over 8,192 bytes."""
        size = len(value.encode())
        if not value:
            raise ValueError(f"the secret {name} has no value; a secret can't be empty")
        if size > MAX_VALUE_BYTES:
            raise ValueError(
                f"the secret {name} has {size} bytes; a secret has at most {MAX_VALUE_BYTES}"
            )
        with service_calls(f"store the secret {name} of {project}", hide_message=True):
            self._clients.ssm().put_parameter(
                Name=self._path(project, name),
                Value=value,
                Type="SecureString",
                Overwrite=True,
                Tier="Intelligent-Tiering",
            )

    def get(self, project: str, names: Iterable[str]) -> dict[str, str]:
        """The values that exist, ten to a request; none is made without names."""
        found: dict[str, str] = {}
        paths = {self._path(project, name): name for name in names}
        for batch in _batches(list(paths)):
            with service_calls(f"read secrets of {project}", hide_message=True):
                answer = self._clients.ssm().get_parameters(Names=batch, WithDecryption=True)
            for parameter in answer["Parameters"]:
                found[paths[parameter["Name"]]] = parameter["Value"]
        return found

    def names(self, project: str) -> list[str]:
        """Names in order. The values are not decrypted on the way."""
        folder = self._folder(project)
        found = []
        with service_calls(f"list the secrets of {project}", hide_message=True):
            pages = self._clients.ssm().get_paginator("get_parameters_by_path")
            for page in pages.paginate(Path=folder, Recursive=False, WithDecryption=False):
                found += [parameter["Name"][len(folder) + 1 :] for parameter in page["Parameters"]]
        return sorted(found)

    def delete(self, project: str, name: str) -> bool:
        """Remove it; False when it was not there."""
        from botocore.exceptions import ClientError

        with service_calls(f"delete the secret {name} of {project}", hide_message=True):
            try:
                self._clients.ssm().delete_parameter(Name=self._path(project, name))
            except ClientError as error:
                if error_code(error) == "ParameterNotFound":
                    return False
                raise
        return True

    def _folder(self, project: str) -> str:
        return f"{self._prefix}/{encode_project(project)}"

    def _path(self, project: str, name: str) -> str:
        return f"{self._folder(project)}/{name}"


def encode_project(project: str) -> str:
    """A project's name as one level of a parameter's path; two projects never share one.

    A parameter's name takes letters, digits and ``_.-`` beside the slash, and a project's name
    may hold all of them: ``_`` is written ``__`` and ``/`` is written ``_s``, so that the secrets
    of ``a/b`` are not inside those of ``a``.
    """
    return project.replace("_", "__").replace("/", "_s")


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(paths), BATCH):
        yield paths[start : start + BATCH]
