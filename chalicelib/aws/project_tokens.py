"""Projects' checkout tokens in SSM Parameter Store, apart from the secrets that jobs may name."""

from __future__ import annotations

from chalicelib.aws.clients import AwsClients
from chalicelib.aws.errors import error_code, service_calls
from chalicelib.aws.secrets import encode_project


class SsmProjectTokens:
    """``project_port.ProjectTokens``: SecureStrings ``<prefix>/checkout/<project>``."""

    def __init__(self, clients: AwsClients, prefix: str) -> None:
        self._clients = clients
        self._prefix = f"{prefix.rstrip('/')}/checkout"

    def put(self, project: str, value: str) -> None:
        with service_calls(f"store the checkout token of {project}", hide_message=True):
            self._clients.ssm().put_parameter(
                Name=self._path(project),
                Value=value,
                Type="SecureString",
                Overwrite=True,
                Tier="Intelligent-Tiering",
            )

    def get(self, project: str) -> str | None:
        with service_calls(f"read the checkout token of {project}", hide_message=True):
            answer = self._clients.ssm().get_parameters(
                Names=[self._path(project)], WithDecryption=True
            )
        return next((each["Value"] for each in answer["Parameters"]), None)

    def remove(self, project: str) -> None:
        from botocore.exceptions import ClientError

        with service_calls(f"remove the checkout token of {project}", hide_message=True):
            try:
                self._clients.ssm().delete_parameter(Name=self._path(project))
            except ClientError as error:
                if error_code(error) != "ParameterNotFound":
                    raise

    def _path(self, project: str) -> str:
        return f"{self._prefix}/{encode_project(project)}"
