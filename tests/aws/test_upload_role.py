"""The role that signs permits: assumed rarely, renewed in time, and its troubles told."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.permits import UploadPermits
from chalicelib.aws.upload_role import RENEW_LEFT_S, SESSION_S, SHORTEST_S, UploadRole
from chalicelib.ports import ServiceTrouble

ROLE = "arn:aws:iam::123456789012:role/towline-dev-uploads"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Sts:
    """Answers as STS does, by the test's clock; ``fails`` is what it answers instead."""

    def __init__(self) -> None:
        self.now = NOW
        self.fails = ""
        self.asked = 0
        self.clients = AwsClients(region="eu-west-1", credentials=AwsCredentials("AK", "secret"))
        client: Any = self.clients.sts()
        self._client = client
        self._real = client.assume_role
        client.assume_role = self._assume

    def clock(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _assume(self, **arguments: Any) -> Any:
        self.asked += 1
        expected = {"RoleArn": ROLE, "RoleSessionName": ANY, "DurationSeconds": SESSION_S}
        with Stubber(self._client) as stub:
            if self.fails:
                stub.add_client_error("assume_role", self.fails, "no", expected_params=expected)
            else:
                credentials = {
                    "AccessKeyId": f"ASIA{self.asked:016d}",
                    "SecretAccessKey": f"secret-{self.asked}",
                    "SessionToken": f"token-{self.asked}",
                    "Expiration": self.now + timedelta(seconds=arguments["DurationSeconds"]),
                }
                stub.add_response("assume_role", {"Credentials": credentials}, expected)
            return self._real(**arguments)


@pytest.fixture
def sts() -> Sts:
    return Sts()


@pytest.fixture
def role(sts: Sts) -> UploadRole:
    return UploadRole(sts.clients, ROLE, sts.clock)


def _permits(role: UploadRole, sts: Sts) -> UploadPermits:
    return UploadPermits(
        bucket="logs",
        region="eu-west-1",
        credentials=role.credentials,
        clock=sts.clock,
        shortest_s=SHORTEST_S,
    )


def test_moto_gives_the_roles_credentials_with_their_end(moto_clients: AwsClients) -> None:
    before = datetime.now(UTC)
    given = UploadRole(moto_clients, ROLE, lambda: datetime.now(UTC)).credentials()
    assert given.access_key.startswith("ASIA")
    assert given.token
    assert given.expires_at is not None
    assert abs((given.expires_at - before).total_seconds() - SESSION_S) < 60
    assert given.secret_key not in repr(given)


def test_one_assumption_does_for_many_permits_and_the_next_comes_in_time(
    role: UploadRole, sts: Sts
) -> None:
    first = role.credentials()
    sts.wait(SESSION_S - RENEW_LEFT_S)
    assert role.credentials() is first
    assert sts.asked == 1
    sts.wait(1)
    assert role.credentials().token == "token-2"
    assert sts.asked == 2


def test_no_permit_outlives_its_credentials_and_none_is_short(role: UploadRole, sts: Sts) -> None:
    permits = _permits(role, sts)
    for _ in range(200):
        permit = permits.make("j", 1)
        kept = role.credentials()
        assert kept.expires_at is not None
        assert sts.now + timedelta(seconds=permit.expires_in_s) < kept.expires_at
        assert permit.fields["x-amz-security-token"] == kept.token
        # A runner with it has a fresh one by its first heartbeat after ``renew_after_s``.
        assert permit.expires_in_s >= 2 * permits.renew_after_s
        sts.wait(97)
    assert permits.renew_after_s > 600


def test_while_the_old_ones_do_a_trouble_of_sts_disturbs_nobody_and_is_not_asked_each_time(
    role: UploadRole, sts: Sts
) -> None:
    first = role.credentials()
    sts.fails = "ServiceUnavailable"
    sts.wait(SESSION_S - RENEW_LEFT_S + 1)
    assert [role.credentials() for _ in range(5)] == [first] * 5
    assert sts.asked == 2
    sts.wait(31)
    assert role.credentials() == first
    assert sts.asked == 3
    sts.fails = ""
    sts.wait(31)
    assert role.credentials() != first


def test_without_credentials_that_do_the_trouble_is_told_and_the_next_may_ask_again(
    role: UploadRole, sts: Sts
) -> None:
    role.credentials()
    sts.wait(SESSION_S - SHORTEST_S + 1)
    sts.fails = "ServiceUnavailable"
    with pytest.raises(ServiceTrouble, match="assume the upload role") as told:
        role.credentials()
    assert told.value.retryable
    sts.fails = "AccessDenied"
    with pytest.raises(ServiceTrouble) as told:
        role.credentials()
    assert not told.value.retryable
    sts.fails = ""
    assert role.credentials().token == "token-4"


def test_threads_that_come_at_once_make_one_request(role: UploadRole, sts: Sts) -> None:
    together = threading.Barrier(8)
    given: list[AwsCredentials] = []

    def ask() -> None:
        together.wait()
        given.append(role.credentials())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 8
    assert len(set(given)) == 1
    assert sts.asked == 1
