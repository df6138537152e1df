"""The decision table for evidence. The order matters: the first row that holds decides."""

from __future__ import annotations

from chalicelib.domain.decision import Decision, Wait
from chalicelib.domain.endings import (
    by_script,
    checkout_failed,
    ended_from_outside,
    finish,
    given_up,
    lost,
    mismatch,
    never_claimed,
    not_started,
    status_unknown,
    timed_out,
)
from chalicelib.domain.evidence import EndedBy
from chalicelib.domain.job import State
from chalicelib.domain.rule import Rule, always
from chalicelib.domain.verdict import Cause, Verdict

SLOT_TIMEOUT = "slot_timeout"

RULES: tuple[Rule[Decision], ...] = (
    Rule(
        "finished",
        "the job is finished",
        "wait: a verdict never changes",
        lambda c: c.state is State.FINISHED,
        lambda _: Wait("the job is finished"),
    ),
    Rule(
        "cancelled_in_queue",
        "queued, cancellation asked for",
        "`cancelled`",
        lambda c: c.state is State.QUEUED and c.cancel,
        lambda c: finish(c, Verdict.CANCELLED, detail="cancelled while it was queued"),
    ),
    Rule(
        SLOT_TIMEOUT,
        "queued beyond the queue timeout, and waits for a slot of its project",
        "`errored: queue_timeout`, the project's own limit",
        lambda c: c.state is State.QUEUED and c.queue_time_over and c.waits_for_slot,
        lambda c: finish(
            c,
            Verdict.ERRORED,
            Cause.QUEUE_TIMEOUT,
            "its project ran as many jobs as it may until its queue timeout",
        ),
    ),
    Rule(
        "queue_timeout",
        "queued beyond the queue timeout",
        "`errored: queue_timeout`",
        lambda c: c.state is State.QUEUED and c.queue_time_over,
        lambda c: finish(
            c, Verdict.ERRORED, Cause.QUEUE_TIMEOUT, "it was not started within its queue timeout"
        ),
    ),
    Rule(
        "queued",
        "queued",
        "wait for the launch",
        lambda c: c.state is State.QUEUED,
        lambda _: Wait("queued"),
    ),
    Rule(
        "cancelled_before_claim",
        "no runner has claimed it, cancellation asked for (none can claim it now)",
        "`cancelled`",
        lambda c: not c.claimed and c.cancel,
        lambda c: finish(c, Verdict.CANCELLED, detail="cancelled before a runner had it"),
    ),
    Rule(
        "timed_out",
        "report says timeout or silence; stop seen, with any status",
        "`timed_out: timeout` or `timed_out: silence`",
        lambda c: c.both and c.ended_by in (EndedBy.TIMEOUT, EndedBy.SILENCE),
        timed_out,
    ),
    Rule(
        "not_started",
        "report says that the script was never started; stop seen",
        "`errored: not_started`; `cancelled` when that was asked for",
        lambda c: c.both and c.ended_by is EndedBy.NOT_STARTED,
        not_started,
    ),
    Rule(
        "checkout_failed",
        "report says that the checkout before the script failed; stop seen",
        "`errored: checkout_failed`; `cancelled` when that was asked for",
        lambda c: c.both and c.ended_by is EndedBy.CHECKOUT_FAILED,
        checkout_failed,
    ),
    Rule(
        "ended_from_outside",
        "report says that the runner was told to end the script, or lost its owner; stop seen",
        "`cancelled` when that was asked for; else `spot_interrupted` or `host_lost` by the "
        "engine's words, else `runner_lost`: another attempt if `retry_lost` allows it, or "
        "`errored`",
        lambda c: c.both and c.ended_by in (EndedBy.CANCEL, EndedBy.OWNER_LOST),
        ended_from_outside,
    ),
    Rule(
        "both_agree",
        "report says that the script ended by itself, with code N or signal S; the stop's exit "
        "code is N or 128 + S",
        "`passed` for code 0, else `failed`, even when a cancellation came too late; the detail "
        "says when the setup failed",
        lambda c: c.agree,
        by_script,
    ),
    Rule(
        "status_unknown",
        "report says that the script ended by itself; the stop has no exit code",
        "`spot_interrupted` or `host_lost` by the engine's words (`cancelled` when that was asked "
        "for, another attempt if `retry_lost` allows it, or `errored`), else "
        "`errored: witness_missing`",
        lambda c: c.both and c.stop is not None and c.stop.exit_code is None,
        status_unknown,
    ),
    Rule(
        "disagree",
        "report and stop have different statuses",
        "`errored: witness_mismatch`; both are kept",
        lambda c: c.both,
        mismatch,
    ),
    Rule(
        "stop_awaited",
        "report, no stop yet",
        "wait for the stop",
        lambda c: c.only_report,
        lambda _: Wait("reported; the container's end has not been seen yet"),
    ),
    Rule(
        "stopped_unclaimed",
        "stop without a claim",
        "the cause by the engine's words, else `runner_never_claimed`: another attempt for a "
        "cause worth it, at most 3, else `errored`",
        lambda c: c.only_stop and not c.claimed,
        never_claimed,
    ),
    Rule(
        "stopped_without_report",
        "claimed; stop without a report (a runner leaves only after its report was acknowledged)",
        "`cancelled` when that was asked for; else `out_of_memory`, `disk_full`, "
        "`spot_interrupted`, `host_lost` by the engine's words, else `runner_lost`: another "
        "attempt for the last three if `retry_lost` allows it, or `errored`; no exit code is "
        "ever the script's",
        lambda c: c.only_stop,
        lost,
    ),
    Rule(
        "out_of_touch",
        "claimed, neither witness, past the job's timeout, its grace and 30 minutes",
        "`cancelled` when that was asked for; else `runner_lost`: another attempt if "
        "`retry_lost` allows it, or `errored`",
        lambda c: c.claimed and c.run_time_over,
        given_up,
    ),
    Rule(
        "under_way",
        "anything else",
        "wait",
        always,
        lambda _: Wait("under way"),
    ),
)
