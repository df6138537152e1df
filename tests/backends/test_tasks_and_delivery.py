"""What a backend remembers, and how it hands on what it learnt."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from chalicelib.domain.evidence import Stop, TaskState
from chalicelib.ports import LaunchRequest
from towline.backends.delivery import StopDelivery
from towline.backends.tasks import TaskBook, TaskRecord, task_name

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def request(attempt: int = 1, launch_try: int = 1) -> LaunchRequest:
    return LaunchRequest(
        job_id="job",
        attempt=attempt,
        launch_try=launch_try,
        token="",
        image=None,
        release="",
        user=None,
        cpu=1,
        memory_mib=64,
        arch="x86_64",
        stop_timeout_s=10,
    )


def record(task_id: str) -> TaskRecord:
    return TaskRecord(task_id, request(), created_at=NOW)


def stop(task_id: str) -> Stop:
    return Stop(task_id=task_id, version=1, exit_code=0)


def test_a_name_tells_owners_attempts_and_tries_apart() -> None:
    names = {
        task_name(owner, request(attempt, launch_try))
        for owner in ("a", "b")
        for attempt in (1, 2)
        for launch_try in (1, 2)
    }
    assert len(names) == 8
    assert task_name("a", request()) == "towline-a-job-1-1"


def test_a_task_has_one_end() -> None:
    book = TaskBook()
    assert book.add(record("one"))
    assert not book.add(record("one"))
    assert book.settle("one", stop("one")) is not None
    assert book.settle("one", stop("one")) is None
    assert not book.add(record("one"))
    assert book.settle("two", stop("two")) is None


def test_only_the_newest_stops_are_remembered_and_nothing_that_lives_is_forgotten() -> None:
    book = TaskBook(remembered_stops=2)
    for task_id in ("alive", "a", "b", "c"):
        book.add(record(task_id))
    for task_id in ("a", "b", "c"):
        book.settle(task_id, stop(task_id))
    states = {task_id: view.state for task_id, view in book.views(["alive", "a", "b", "c"]).items()}
    assert states == {
        "alive": TaskState.PENDING,
        "a": TaskState.UNKNOWN,
        "b": TaskState.STOPPED,
        "c": TaskState.STOPPED,
    }


def test_a_task_that_was_asked_to_stop_does_not_begin() -> None:
    book = TaskBook()
    book.add(record("one"))
    asked = book.ask_stop("one", "first")
    assert asked is not None
    book.ask_stop("one", "second")
    assert (asked.stop_reason, asked.begun) == ("first", False)
    assert not book.begin("one")


def test_waiting_for_the_last_task_ends_with_it() -> None:
    book = TaskBook()
    book.add(record("one"))
    assert not book.wait_until_none_lives(0)
    threading.Timer(0.01, book.settle, ("one", stop("one"))).start()
    assert book.wait_until_none_lives(30)


def test_a_delivery_that_fails_is_repeated_and_the_order_kept() -> None:
    came: list[str] = []
    failures = iter([True, True, False, False])
    done = threading.Event()

    def on_stop(job_id: str, attempt: int, told: Stop) -> None:
        if next(failures):
            raise ConnectionError("the service is away")
        came.append(told.task_id)
        if len(came) == 2:
            done.set()

    delivery = StopDelivery(on_stop, retry_delays_s=(0.0, 0.0))
    delivery.put("job", 1, stop("one"))
    delivery.put("job", 1, stop("two"))
    assert done.wait(30)
    delivery.close(30)
    assert came == ["one", "two"]


def test_a_delivery_that_always_fails_does_not_hold_up_the_next() -> None:
    came: list[str] = []

    def on_stop(job_id: str, attempt: int, told: Stop) -> None:
        if told.task_id == "poison":
            raise ValueError(told.task_id)
        came.append(told.task_id)

    delivery = StopDelivery(on_stop, retry_delays_s=(0.0,))
    delivery.put("job", 1, stop("poison"))
    delivery.put("job", 1, stop("good"))
    delivery.close(30)
    delivery.close(30)
    assert came == ["good"]
