"""Builds and deliveries in a table: conditional writes, lists, what is due, the queues."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from moto import mock_aws

from chalicelib.aws.builds import BuildTable
from chalicelib.aws.clients import AwsClients, AwsCredentials
from chalicelib.aws.deliveries import DeliveryTable
from chalicelib.aws.github_parameters import GitHubParameters
from chalicelib.aws.ordered_queue import SqsOrderedQueue
from chalicelib.aws.provision import create_table
from chalicelib.aws.table import JobTable
from chalicelib.build_ports import BuildChanged, Sent, StoredDelivery
from chalicelib.domain.build import BuildState
from chalicelib.domain.build_record import BuildRecord
from chalicelib.domain.ids import new_id
from chalicelib.ports import JobFilter

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def clients() -> Iterator[AwsClients]:
    with mock_aws():
        made = AwsClients(region="us-east-1", credentials=AwsCredentials("AK", "secret"))
        create_table(made, "t")
        yield made


def a_build(number: int = 0, *, project: str = "a/b", **fields: object) -> BuildRecord:
    when = NOW + timedelta(seconds=number)
    return BuildRecord.model_validate(
        {
            "id": new_id(when, bytes(10)), "project": project, "repository_id": 1,
            "repository_name": "A/b", "kind": "push", "ref": "refs/heads/main", "branch": "main",
            "sha": "a" * 40, "commit": "a" * 40, "created_at": when, "updated_at": when, **fields,
        }
    )  # fmt: skip


def test_a_build_comes_back_as_it_was_and_is_made_once(clients: AwsClients) -> None:
    table, build = BuildTable(clients, "t"), a_build()
    assert table.create(build, due_at=SOON) == (build, True)
    other = build.model_copy(update={"title": "another"})
    assert table.create(other, due_at=SOON) == (build, False)
    assert table.get(build.id) == build
    assert table.get(a_build(9).id) is None


def test_a_write_over_another_version_is_refused(clients: AwsClients) -> None:
    table, build = BuildTable(clients, "t"), a_build()
    table.create(build, due_at=SOON)
    second = build.model_copy(update={"version": 2, "state": BuildState.RUNNING})
    table.put(second, due_at=SOON)
    with pytest.raises(BuildChanged):
        table.put(second, due_at=SOON)
    assert table.get(build.id) == second


def test_builds_are_listed_newest_first_by_project_and_never_among_jobs(
    clients: AwsClients,
) -> None:
    table = BuildTable(clients, "t")
    for number in range(5):
        table.create(a_build(number, project="a/b" if number != 2 else "c/d"), due_at=SOON)
    first = table.page("a/b", limit=3)
    assert [build.created_at.second - 5 for build in first.builds] == [4, 3, 1]
    rest = table.page("a/b", limit=3, cursor=first.cursor)
    assert ([build.created_at.second - 5 for build in rest.builds], rest.cursor) == ([0], None)
    assert len(table.page(None, limit=50).builds) == 5
    with pytest.raises(ValueError, match="cursor"):
        table.page(None, limit=1, cursor="'")
    jobs = JobTable(clients, "t")
    assert jobs.list(JobFilter()).jobs == jobs.list(JobFilter(project="a/b")).jobs == ()
    assert list(jobs.due(NOW + timedelta(days=1), 10)) == []


def test_a_build_is_due_until_nothing_is_left_of_it(clients: AwsClients) -> None:
    table, build = BuildTable(clients, "t"), a_build()
    table.create(build, due_at=SOON)
    assert table.due(NOW, 10) == []
    assert table.due(SOON, 10) == [build.id]
    table.remind(build, SOON + timedelta(hours=1))
    assert table.due(SOON, 10) == []
    stale = build.model_copy(update={"version": 7})
    table.remind(stale, None)
    assert table.due(SOON + timedelta(hours=1), 10) == [build.id]
    table.remind(build, None)
    assert table.due(SOON + timedelta(days=9), 10) == []
    assert table.unfinished("a/b", 10) == [build]


def test_what_was_sent_is_written_over_what_was_read_alone(clients: AwsClients) -> None:
    table = BuildTable(clients, "t")
    build = a_build()
    assert table.sent(build.id) == Sent()
    first = table.put_sent(build.id, Sent(marks={"": "x"}))
    assert (first.revision, table.sent(build.id)) == (1, first)
    for stale in (Sent(), Sent(revision=9)):
        with pytest.raises(BuildChanged):
            table.put_sent(build.id, stale)


def a_delivery(number: int, digest: str) -> StoredDelivery:
    return StoredDelivery(
        id=f"{number:08x}-0000-4000-8000-000000000000", digest=digest, event="{}", group="a/b",
        build_id=new_id(NOW, number.to_bytes(10, "big")), received_at=NOW,
    )  # fmt: skip


def test_a_delivery_is_taken_once_by_its_id_and_by_its_bytes(clients: AwsClients) -> None:
    table = DeliveryTable(clients, "t")
    first = a_delivery(1, "d1")
    assert table.accept(first, due_at=SOON) == (first, True)
    assert table.accept(a_delivery(1, "d1"), due_at=SOON) == (first, False)
    assert table.accept(a_delivery(2, "d1"), due_at=SOON) == (first, False)
    assert table.accept(a_delivery(1, "d2"), due_at=SOON) == (first, False)
    assert table.get(a_delivery(2, "").id) is None


def test_a_delivery_is_due_until_it_is_done(clients: AwsClients) -> None:
    table, delivery = DeliveryTable(clients, "t"), a_delivery(1, "d1")
    table.accept(delivery, due_at=SOON)
    assert table.due(SOON, 10) == [delivery.id]
    table.put_off(delivery, SOON + timedelta(hours=1))
    assert table.due(SOON, 10) == []
    table.done(delivery, "a build")
    assert table.due(SOON + timedelta(days=1), 10) == []
    found = table.get(delivery.id)
    assert found is not None
    assert found.done == "a build"


def test_a_fifo_queue_drops_what_is_not_unique_and_keeps_the_order(clients: AwsClients) -> None:
    url = clients.sqs().create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})
    queue = SqsOrderedQueue(clients, url["QueueUrl"])
    for body, unique in (("1", "a"), ("2", "b"), ("2", "b")):
        queue.send(body, group="Octo/Ünï", unique=unique)
    bodies = []
    while found := clients.sqs().receive_message(QueueUrl=url["QueueUrl"]).get("Messages"):
        bodies += [message["Body"] for message in found]
        for message in found:
            clients.sqs().delete_message(
                QueueUrl=url["QueueUrl"], ReceiptHandle=message["ReceiptHandle"]
            )
    assert bodies == ["1", "2"]


def test_webhook_secrets_are_read_again_after_a_while(clients: AwsClients) -> None:
    now = [0.0]
    found = GitHubParameters(clients, "/p", monotonic=lambda: now[0])
    assert found.secrets() == {}
    GitHubParameters(clients, "/p").put("webhook-secret", "one\n")
    assert found.secrets() == {}
    now[0] = 61.0
    assert found.secrets() == {"webhook-secret": "one"}
    assert found.read() == {}
