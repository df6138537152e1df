"""Many cases at once: options in time, one bell for many, and an early end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

from chalicelib.ports import LaunchRequest
from tests.selftest.cases import case
from tests.selftest.fake_service import FakeService, finished, waiting
from towline.client.errors import ServiceUnreachable
from towline.client.service import Service
from towline.local.bell import Bell
from towline.selftest.case import CorpusError, Limits
from towline.selftest.place import Place
from towline.selftest.suite import Changes, EngineOptions, Suite

PLACE = Place(True, None, None, "/homes")
SMALL_TMP = case("small", limits=Limits(tmpfs={"/tmp": "1m"}))


def launch(job_id: str) -> LaunchRequest:
    return LaunchRequest(
        job_id=job_id, attempt=1, launch_try=1, token="", image=None, release="", user=None,
        cpu=1, memory_mib=64, arch="x86_64", stop_timeout_s=30,
    )  # fmt: skip


@pytest.fixture
def changes() -> Iterator[Changes]:
    bell = Bell()
    listening = Changes(bell)
    yield listening
    listening.close()
    bell.close()


class Submitting(FakeService):
    """Takes every job under the name that the spec gives it."""

    def submit(self, spec: dict[str, Any]) -> dict[str, Any]:
        return {"id": spec["name"]}

    def close(self) -> None:
        return


def suite(service: FakeService, changes: Changes, at_once: int = 2) -> Suite:
    return Suite(lambda: cast(Service, service), EngineOptions(), changes, at_once=at_once)


def test_a_launch_that_begins_before_the_submit_has_answered_gets_its_options() -> None:
    options = EngineOptions()
    found: list[object] = []

    class LaunchingAtOnce(Submitting):
        def submit(self, spec: dict[str, Any]) -> dict[str, Any]:
            begun = threading.Event()

            def begin() -> None:
                begun.set()
                found.append(options(launch("small")))

            self.thread = threading.Thread(target=begin)
            self.thread.start()
            assert begun.wait(10)
            return super().submit(spec)

    service = LaunchingAtOnce([finished()])
    assert options.submit(cast(Service, service), SMALL_TMP, {"name": "small"}) == "small"
    service.thread.join(10)
    assert found == [{"Tmpfs": {"/tmp": "size=1m,mode=1777"}}]
    assert options(launch("another")) == {}


def test_every_case_has_its_result(changes: Changes) -> None:
    cases = [case(f"case-{number}") for number in range(7)]
    service = Submitting([finished()])
    results = list(suite(service, changes).run(cases, PLACE))
    assert sorted(result.case.name for result in results) == [one.name for one in cases]
    assert not any(result.differences for result in results)


def test_a_service_in_trouble_is_a_difference_of_that_case(changes: Changes) -> None:
    class Away(Submitting):
        def submit(self, spec: dict[str, Any]) -> dict[str, Any]:
            raise ServiceUnreachable("it is away")

    (result,) = suite(Away([finished()]), changes).run([case()], PLACE)
    assert result.differences == ("the service did not do its part: it is away",)


def test_leaving_early_does_not_wait_for_cases_that_run(changes: Changes) -> None:
    released = threading.Event()

    class Hanging(Submitting):
        def job(self, job_id: str) -> dict[str, Any]:
            if job_id == "hangs":
                assert released.wait(60)
            return finished()

    results = suite(Hanging([finished()]), changes).run([case("hangs"), case("quick")], PLACE)
    assert next(results).case.name == "quick"
    results.close()  # type: ignore[attr-defined]
    assert not released.is_set()
    released.set()


def test_many_threads_wait_for_one_bell() -> None:
    bell = Bell()
    changes = Changes(bell)
    woken: list[int] = []
    started = threading.Barrier(4)

    def wait(number: int) -> None:
        started.wait(10)
        changes.wait(60)
        woken.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    started.wait(10)
    while any(thread.is_alive() for thread in threads):
        bell.ring()
        threads[0].join(0.01)
    assert sorted(woken) == [0, 1, 2]
    changes.close()
    bell.close()


def test_an_image_with_a_folder_of_its_own_is_refused_in_words(changes: Changes) -> None:
    service = Submitting([waiting("running"), finished()], log_text=b"has bash\n", page=100)
    with pytest.raises(CorpusError, match="WORKDIR"):
        suite(service, changes).look_around([case()], PLACE)


def test_a_place_where_nothing_runs_is_told_with_the_services_reason(changes: Changes) -> None:
    job = finished("errored", detail="no such image")
    with pytest.raises(CorpusError, match="errored: no such image"):
        suite(Submitting([job]), changes).look_around([case()], PLACE)


def test_looking_around_finds_the_programs(changes: Changes) -> None:
    text = b"has bash\nhas zsh\nown folder\n"
    service = Submitting([finished()], log_text=text, page=100)
    place = suite(service, changes).look_around([case()], PLACE)
    assert place.programs == {"bash", "zsh"}
