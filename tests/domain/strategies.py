"""What hypothesis draws: any report, any stop, any word of a backend."""

from __future__ import annotations

from hypothesis import strategies as st

from chalicelib.domain.evidence import EndedBy, ProcessExit, Report, Stop, TaskState

REASONS = (
    "",
    "Essential container in task exited",
    "Task stopped by user",
    "Your Spot Task was interrupted.",
    "ECS is performing maintenance on the underlying infrastructure hosting the task",
    "OutOfMemoryError: Container killed due to memory usage",
    "CannotPullContainerError: manifest unknown",
    "CannotPullContainerError: dial tcp: i/o timeout",
    "no space left on device",
)
STOP_CODES = (
    None,
    "EssentialContainerExited",
    "UserInitiated",
    "TaskFailedToStart",
    "SpotInterruption",
    "TerminationNotice",
    "InfrastructureHealth",
)
# Few values, so that witnesses agree often enough.
_EXITS = st.sampled_from(
    [
        ProcessExit(code=0),
        ProcessExit(code=1),
        ProcessExit(code=137),
        ProcessExit(code=143),
        ProcessExit(signal=9),
        ProcessExit(signal=15),
    ]
)
_NEVER = (EndedBy.NOT_STARTED, EndedBy.CHECKOUT_FAILED)
_STARTED = [EndedBy.SCRIPT] * 4 + [kind for kind in EndedBy if kind not in _NEVER]

reports = (
    st.builds(Report, exit=_EXITS, ended_by=st.sampled_from(_STARTED))
    | st.just(Report(exit=ProcessExit(), ended_by=EndedBy.NOT_STARTED, detail="no such user"))
    | st.sampled_from([EndedBy.CHECKOUT_FAILED, EndedBy.CANCEL, EndedBy.OWNER_LOST]).map(
        lambda ended_by: Report(exit=ProcessExit(), ended_by=ended_by, detail="in the checkout")
    )
)


def stops(task_id: str) -> st.SearchStrategy[Stop]:
    """Stops of one task, of few versions, so that repetitions and old ones come up."""
    return st.builds(
        Stop,
        task_id=st.just(task_id),
        version=st.integers(min_value=1, max_value=4),
        exit_code=st.sampled_from([None, 0, 1, 120, 121, 125, 137, 143]),
        stop_code=st.sampled_from(STOP_CODES),
        reason=st.sampled_from(REASONS),
        job_container_reason=st.sampled_from(REASONS),
        oom_killed=st.booleans(),
    )


task_states = st.sampled_from([None, *TaskState])
