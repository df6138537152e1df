"""Logins for private images in Secrets Manager, in the form that ECS reads."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.registry_credentials import SecretsManagerLogins
from chalicelib.ports import RegistryLogin, ServiceTrouble
from tests.aws.world import World

LOGIN = RegistryLogin("ghcr.io", "acme", "pässword:1")


@pytest.fixture
def logins(world: World) -> SecretsManagerLogins:
    return SecretsManagerLogins(world.clients, f"towline/test{world.number}/registry/")


def test_a_login_is_kept_as_ecs_reads_it_and_comes_back(
    world: World, logins: SecretsManagerLogins
) -> None:
    logins.put("hub", LOGIN)
    assert logins.login("hub") == LOGIN
    secret = world.clients.secretsmanager().get_secret_value(
        SecretId=f"towline/test{world.number}/registry/hub"
    )
    kept = json.loads(secret["SecretString"])
    assert kept == {"username": "acme", "password": "pässword:1"}


def test_a_name_that_is_kept_again_is_replaced_with_its_registry(
    logins: SecretsManagerLogins,
) -> None:
    logins.put("hub", LOGIN)
    logins.put("hub", RegistryLogin("docker.io", "other", "2"))
    assert logins.login("hub") == RegistryLogin("docker.io", "other", "2")
    assert logins.all() == {"hub": "docker.io"}


def test_names_are_listed_with_their_registries_and_those_of_other_stages_are_not(
    world: World, logins: SecretsManagerLogins
) -> None:
    other = SecretsManagerLogins(world.clients, f"towline/test{world.number}/registry2/")
    other.put("theirs", LOGIN)
    for name in ("b", "a", "c.d_e"):
        logins.put(name, LOGIN)
    assert logins.all() == {"a": "ghcr.io", "b": "ghcr.io", "c.d_e": "ghcr.io"}
    assert list(logins.all()) == ["a", "b", "c.d_e"]


def test_what_is_removed_is_gone_at_once_and_its_name_free(logins: SecretsManagerLogins) -> None:
    assert not logins.delete("hub")
    logins.put("hub", LOGIN)
    assert logins.delete("hub")
    assert logins.login("hub") is None
    assert not logins.delete("hub")
    assert logins.all() == {}
    logins.put("hub", LOGIN)
    assert logins.login("hub") == LOGIN


def test_what_an_operator_has_scheduled_for_deletion_is_not_there(
    world: World, logins: SecretsManagerLogins
) -> None:
    logins.put("hub", LOGIN)
    world.clients.secretsmanager().delete_secret(
        SecretId=f"towline/test{world.number}/registry/hub", RecoveryWindowInDays=7
    )
    assert logins.login("hub") is None


@pytest.mark.parametrize(
    ("username", "password", "why"),
    [("", "p", "need a user name"), ("u", "", "need"), ("u", "é" * 5000, "10001 bytes")],
)
def test_what_cannot_be_kept_is_refused_without_showing_it(
    logins: SecretsManagerLogins, username: str, password: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        logins.put("hub", RegistryLogin("a.io", username, password))
    assert "é" not in str(refused.value)


@pytest.mark.parametrize("text", ["hunter2", "[]", '{"username": "u"}'])
def test_a_secret_that_was_changed_by_hand_is_said_so_without_showing_it(
    world: World, logins: SecretsManagerLogins, text: str
) -> None:
    logins.put("hub", LOGIN)
    world.clients.secretsmanager().put_secret_value(
        SecretId=f"towline/test{world.number}/registry/hub", SecretString=text
    )
    with pytest.raises(ServiceTrouble, match="changed by hand") as trouble:
        logins.login("hub")
    assert "hunter2" not in str(trouble.value)
    assert not trouble.value.retryable


def test_trouble_never_quotes_what_the_service_said() -> None:
    nowhere = AwsClients(
        region="eu-west-1", endpoint="http://127.0.0.1:1", credentials=AwsCredentials("A", "s")
    )
    client = nowhere.secretsmanager()

    def refuse(**_: object) -> None:
        error = {"Error": {"Code": "InternalServiceError", "Message": "hunter2 is not good"}}
        raise ClientError(error, "CreateSecret")  # type: ignore[arg-type]

    client.meta.events.register("before-call.secrets-manager.CreateSecret", refuse)
    with pytest.raises(ServiceTrouble, match="InternalServiceError") as trouble:
        SecretsManagerLogins(nowhere, "p/").put("hub", RegistryLogin("a.io", "u", "hunter2"))
    assert "hunter2" not in str(trouble.value)
    assert trouble.value.__cause__ is None


def test_a_login_does_not_show_its_password() -> None:
    assert "pässword" not in repr(LOGIN)
