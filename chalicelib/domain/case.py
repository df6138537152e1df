"""One job at one moment, as the decision table asks about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from chalicelib.domain import deadlines
from chalicelib.domain.evidence import EndedBy, Report, Stop, TaskState
from chalicelib.domain.job import Attempt, Job, State
from chalicelib.domain.stop_reasons import Classification, classify


@dataclass(frozen=True)
class Case:
    """``task`` is what the backend says now; None: it was not asked, or could not say."""

    job: Job
    now: datetime
    jitter: float = 0.0
    task: TaskState | None = None

    @cached_property
    def attempt(self) -> Attempt:
        """The current attempt. Raises ``LookupError`` in a state that has none."""
        attempt = self.job.current
        if attempt is None:
            raise LookupError(f"job {self.job.id} is {self.job.state} without an attempt")
        return attempt

    @property
    def state(self) -> State:
        return self.job.state

    @property
    def cancel(self) -> bool:
        return self.job.cancel_requested_at is not None

    @property
    def waits_for_slot(self) -> bool:
        """As many jobs of its project run as may; nobody has sent it on since."""
        return self.job.waiting_since is not None

    @property
    def claimed(self) -> bool:
        return self.attempt.nonce is not None

    @property
    def report(self) -> Report | None:
        return self.attempt.report

    @property
    def stop(self) -> Stop | None:
        return self.attempt.stop

    @property
    def stop_version(self) -> int | None:
        """Of the stop that is judged; None where there is none, or no attempt."""
        attempt = self.job.current
        return attempt.stop.version if attempt and attempt.stop else None

    @property
    def ended_by(self) -> EndedBy | None:
        return self.report.ended_by if self.report else None

    @property
    def both(self) -> bool:
        """Both witnesses have spoken."""
        return self.report is not None and self.stop is not None

    @property
    def only_report(self) -> bool:
        return self.report is not None and self.stop is None

    @property
    def only_stop(self) -> bool:
        return self.stop is not None and self.report is None

    @property
    def silent(self) -> bool:
        """Neither witness has spoken."""
        return self.report is None and self.stop is None

    @property
    def agree(self) -> bool:
        """The container ended with the status that the runner reported and passed on."""
        if self.report is None or self.stop is None or not self.report.exit.known:
            return False
        return self.stop.exit_code == self.report.exit.as_container_status

    @cached_property
    def why_stopped(self) -> Classification:
        """What the engine's words mean. Raises ``LookupError`` without a stop."""
        if self.stop is None:
            raise LookupError(f"job {self.job.id} has no stop to classify")
        return classify(
            self.stop, job_image=self.job.image, runner_image=self.attempt.release or None
        )

    @property
    def task_alive(self) -> bool:
        return self.task in (TaskState.PENDING, TaskState.RUNNING)

    @property
    def task_gone(self) -> bool:
        """The backend was asked and has no running task, though no stop has come from it."""
        return self.task in (TaskState.STOPPED, TaskState.UNKNOWN)

    @property
    def queue_time_over(self) -> bool:
        return self.now >= self.job.queue_deadline

    @property
    def launch_time_over(self) -> bool:
        return self.now >= deadlines.launch_deadline(self.attempt)

    @property
    def run_time_over(self) -> bool:
        return self.now >= deadlines.run_deadline(self.job, self.attempt)

    @property
    def cancel_time_over(self) -> bool:
        """A cancelled runner has had its grace, and the engine its stop timeout."""
        asked = self.job.cancel_requested_at
        allowed = self.job.grace_s + deadlines.ENGINE_STOP_S + deadlines.CANCEL_SLACK_S
        return asked is not None and self.now >= deadlines.after(asked, allowed)

    @property
    def stop_is_late(self) -> bool:
        return self._since_report(deadlines.STOP_LATE_S)

    @property
    def stop_will_not_come(self) -> bool:
        return self._since_report(deadlines.STOP_ALLOWANCE_S)

    def _since_report(self, seconds: float) -> bool:
        told = self.attempt.reported_at
        return told is not None and self.now >= deadlines.after(told, seconds)

    @property
    def task_should_show(self) -> bool:
        """The task was started long enough ago for the backend to know it."""
        started = self.attempt.launched_at or self.attempt.started_at
        return self.now >= deadlines.after(started, deadlines.TASK_VISIBLE_S)
