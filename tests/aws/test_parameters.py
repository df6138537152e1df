"""Secrets and the server key in the parameter store."""

from __future__ import annotations

import threading

import pytest

from chalicelib.aws.secrets import SsmSecrets, encode_project
from chalicelib.aws.server_key import SsmServerKey
from chalicelib.ports import ServiceTrouble
from tests.aws.world import World


@pytest.fixture
def secrets(world: World) -> SsmSecrets:
    return SsmSecrets(world.clients, world.prefix)


def test_values_come_back_and_missing_names_are_left_out(secrets: SsmSecrets) -> None:
    secrets.put("acme/site", "TOKEN", "naïve ☃\n")
    secrets.put("acme/site", "TOKEN", "second\nline")
    assert secrets.get("acme/site", ["TOKEN", "NONE", "TOKEN"]) == {"TOKEN": "second\nline"}
    assert secrets.names("acme/site") == ["TOKEN"]


def test_ten_names_go_into_one_request_and_none_makes_none(
    world: World, secrets: SsmSecrets
) -> None:
    names = [f"N{number:02d}" for number in range(23)]
    for name in names:
        secrets.put("p", name, f"value of {name}")
    world.count()
    assert secrets.get("p", []) == {}
    assert world.count() == {}
    assert secrets.get("p", names[:10]) == {name: f"value of {name}" for name in names[:10]}
    assert world.count() == {"GetParameters": 1}
    assert len(secrets.get("p", names)) == 23
    assert world.count() == {"GetParameters": 3}
    assert secrets.names("p") == names


def test_projects_do_not_see_each_others_secrets(secrets: SsmSecrets) -> None:
    projects = ["a", "a/b", "a_sb", "a__b", "a_/b", "A", "a/b/c", "a.b", "a-b", "a_s_b"]
    for project in projects:
        secrets.put(project, "WHOSE", project)
    for project in projects:
        assert secrets.get(project, ["WHOSE"]) == {"WHOSE": project}
        assert secrets.names(project) == ["WHOSE"]
    assert len({encode_project(project) for project in projects}) == len(projects)


def test_deleting_says_whether_it_was_there(secrets: SsmSecrets) -> None:
    secrets.put("p", "GONE", "v")
    assert secrets.delete("p", "GONE")
    assert not secrets.delete("p", "GONE")
    assert secrets.names("p") == []


@pytest.mark.parametrize(("value", "why"), [("", "empty"), ("é" * 4097, "8194 bytes")])
def test_a_value_that_cannot_be_stored_is_refused_without_showing_it(
    secrets: SsmSecrets, value: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        secrets.put("p", "NAME", value)
    assert "é" not in str(refused.value)


def test_trouble_never_quotes_what_the_service_said(world: World) -> None:
    # The store refuses names below /aws in words; such words may quote a value.
    with pytest.raises(ServiceTrouble, match="AccessDenied") as trouble:
        SsmSecrets(world.clients, "/aws/towline").put("p", "NAME", "hunter2")
    assert "/aws" not in str(trouble.value)
    assert trouble.value.__suppress_context__
    assert trouble.value.__cause__ is None


def test_the_server_key_is_made_once_and_then_read_by_all(world: World) -> None:
    first = SsmServerKey(world.clients, world.prefix, lambda size: b"1" * size)
    assert first.key() == b"1" * 32
    world.count()
    assert first.key() == b"1" * 32
    assert world.count() == {}
    second = SsmServerKey(world.clients, world.prefix, lambda size: b"2" * size)
    assert second.key() == b"1" * 32
    assert world.count() == {"GetParameter": 1}
    kept = world.clients.ssm().get_parameter(Name=f"{world.prefix}/server-key")
    assert kept["Parameter"]["Type"] == "SecureString"


def test_processes_that_make_the_server_key_at_once_agree(world: World) -> None:
    barrier = threading.Barrier(4)
    keys: list[bytes] = []

    def make(number: int) -> None:
        def random_bytes(size: int) -> bytes:
            barrier.wait(20)  # All have seen that there is none, then all write.
            return bytes([number]) * size

        keys.append(SsmServerKey(world.clients, world.prefix, random_bytes).key())

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(keys) == 4
    assert len(set(keys)) == 1
