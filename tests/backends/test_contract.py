"""What every backend promises. Each test runs over each of them."""

from __future__ import annotations

import dataclasses
import signal

from chalicelib.domain.evidence import TaskState
from tests.backends.rig import Rig, gone, kill, processes_with

ENDLESS = "echo ready; while :; do sleep 0.1; done"


def status_of(rig: Rig, task_id: str) -> int | None:
    """The exit code that a stopped task is described with."""
    stop = rig.backend.describe([task_id])[task_id].stop
    assert stop is not None
    return stop.exit_code


def test_the_stop_carries_the_status_that_the_runner_left_with(rig: Rig) -> None:
    request = rig.request("exit 7")
    task_id = rig.launch(request)
    stop = rig.stops.wait(task_id)
    assert stop.exit_code == 7, stop
    assert stop.oom_killed is False
    assert rig.stops.all == [(request.job_id, 1, stop)]
    assert rig.service.jobs[request.job_id].reports[0]["exit"] == {"code": 7, "signal": None}


def test_an_identical_request_is_the_same_task_even_after_its_end(rig: Rig) -> None:
    request = rig.request("exit 3")
    task_id = rig.launch(request)
    assert rig.launch(request) == task_id
    rig.stops.wait(task_id)
    assert rig.launch(request) == task_id
    other = rig.launch_until("ready", ENDLESS)[1]  # a runner of its own has come up meanwhile
    assert other != task_id
    assert len(rig.service.jobs[request.job_id].claims) == 1
    assert len(rig.stops.of(task_id)) == 1


def test_another_try_is_another_task_whose_runner_is_refused_the_job(rig: Rig) -> None:
    request, first = rig.launch_until("ready", ENDLESS)
    second = rig.launch(dataclasses.replace(request, launch_try=2))
    assert second != first
    assert rig.stops.wait(second).exit_code == 0
    assert len(rig.service.jobs[request.job_id].claims) == 2
    assert rig.stops.of(first) == []


def test_tasks_run_beside_each_other_and_each_has_its_own_status(rig: Rig) -> None:
    tasks = {rig.launch(rig.request(f"exit {code}")): code for code in range(20, 25)}
    assert {task: rig.stops.wait(task).exit_code for task in tasks} == tasks


def test_a_stopped_task_ends_its_script_and_everything_below_it(rig: Rig, mark: str) -> None:
    script = f"(exec -a {mark} sleep 300) & setsid bash -c 'exec -a {mark} sleep 300' & {ENDLESS}"
    _, task_id = rig.launch_until("ready", f"trap '' TERM; {script}", grace_s=0.2)
    started = processes_with(mark)
    rig.backend.stop(task_id, "asked to")
    stop = rig.stops.wait(task_id)
    assert stop.exit_code == 128 + signal.SIGKILL  # the script ignored TERM; the runner says so
    assert (stop.stop_code, stop.reason) == ("UserInitiated", "asked to")
    assert started
    assert gone(started)


def test_a_runner_that_does_not_end_is_killed_after_the_stop_timeout(rig: Rig, mark: str) -> None:
    script = f"(exec -a {mark} sleep 300) & {ENDLESS}"
    _, task_id = rig.launch_until("ready", script, stop_timeout_s=1)
    started = processes_with(mark)
    kill(rig.pid_of(task_id), signal.SIGSTOP)
    rig.backend.stop(task_id, "asked to")
    rig.backend.stop(task_id, "asked to again")
    stop = rig.stops.wait(task_id)
    assert (stop.exit_code, stop.reason) == (137, "asked to")
    assert started
    assert gone(started)


def test_a_task_killed_with_9_has_a_stop_with_137_and_leaves_nothing(rig: Rig, mark: str) -> None:
    script = f"(exec -a {mark} sleep 300) & setsid bash -c 'exec -a {mark} sleep 300' & {ENDLESS}"
    _, task_id = rig.launch_until("ready", script)
    started = processes_with(mark)
    kill(rig.pid_of(task_id))
    assert rig.stops.wait(task_id).exit_code == 137
    assert started
    assert gone(started, timeout_s=0)  # nothing is left by the time that the stop is told


def test_stopping_what_is_unknown_or_over_does_nothing(rig: Rig) -> None:
    rig.backend.stop("never-heard-of", "reason")
    task_id = rig.launch(rig.request("exit 0"))
    stop = rig.stops.wait(task_id)
    rig.backend.stop(task_id, "too late")
    rig.backend.stop(task_id, "too late")
    assert status_of(rig, task_id) == stop.exit_code
    assert len(rig.stops.all) == 1


def test_describe_and_owned_follow_a_task_through_its_life(rig: Rig) -> None:
    assert rig.backend.describe(["never-heard-of"])["never-heard-of"].state is TaskState.UNKNOWN
    request, task_id = rig.launch_until("ready", ENDLESS)
    view = rig.backend.describe([task_id, "never-heard-of"])[task_id]
    assert (view.task_id, view.state, view.stop) == (task_id, TaskState.RUNNING, None)
    (owned,) = rig.backend.owned()
    assert (owned.task_id, owned.job_id, owned.attempt) == (task_id, request.job_id, 1)
    rig.backend.stop(task_id, "enough")
    stop = rig.stops.wait(task_id)
    assert rig.backend.describe([task_id])[task_id].state is TaskState.STOPPED
    assert status_of(rig, task_id) == stop.exit_code
    assert list(rig.backend.owned()) == []


def test_a_task_is_found_by_what_it_was_started_for_alone_even_after_its_end(rig: Rig) -> None:
    request, task_id = rig.launch_until("ready", ENDLESS)
    assert rig.backend.find(request.job_id, 1, 1) == rig.backend.describe([task_id])[task_id]
    for attempt, launch_try in ((1, 2), (2, 1)):
        assert rig.backend.find(request.job_id, attempt, launch_try) is None
    assert rig.backend.find("0" * 26, 1, 1) is None
    rig.backend.stop(task_id, "enough")
    stop = rig.stops.wait(task_id)
    found = rig.backend.find(request.job_id, 1, 1)
    assert found is not None
    assert (found.task_id, found.state) == (task_id, TaskState.STOPPED)
    assert found.stop is not None
    assert found.stop.exit_code == stop.exit_code


def test_a_stop_right_after_the_launch_ends_the_task(rig: Rig) -> None:
    task_id = rig.launch(rig.request(ENDLESS))
    rig.backend.stop(task_id, "at once")
    stop = rig.stops.wait(task_id)
    assert (stop.stop_code, stop.reason) == ("UserInitiated", "at once")
    assert len(rig.stops.of(task_id)) == 1


def test_close_ends_all_tasks_tells_their_stops_and_may_be_repeated(
    local_rig: Rig, mark: str
) -> None:
    rig = local_rig
    script = f"trap '' TERM; (exec -a {mark} sleep 300) & {ENDLESS}"
    tasks = [rig.launch_until("ready", script)[1] for _ in range(2)]
    started = processes_with(mark)
    rig.backend.close()
    assert rig.left() == []
    assert started
    assert gone(started, timeout_s=0)
    assert sorted(stop.task_id for _, _, stop in rig.stops.all) == sorted(tasks)
    rig.backend.close()


def test_the_script_sees_nothing_of_the_runner(rig: Rig) -> None:
    request, _ = rig.launch_until("that is all", "env; echo that is all")
    log = rig.service.jobs[request.job_id].log.decode()
    assert "TOWLINE_" not in log
    assert "PYTHON" not in log
    assert "LD_LIBRARY_PATH" not in log
