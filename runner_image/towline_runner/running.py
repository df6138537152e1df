"""One script from its start to the end of its log."""

from __future__ import annotations

import time

from towline_runner import signals, testimony
from towline_runner.delivery import Delivery
from towline_runner.equipment import Equipment
from towline_runner.job import Job
from towline_runner.service import Service
from towline_runner.starter import Failure, Starter
from towline_runner.supervise import Ending, Supervisor
from towline_runner.work import Claimed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from towline_runner.log import Log

NOT_STARTED = 125
_CONSOLE_WAIT_S = 2.0


def run(
    claimed: Claimed,
    job: Job,
    starter: Starter,
    equipment: Equipment,
    delivery: Delivery,
    service: Service,
) -> tuple[dict[str, Any], int] | None:
    """Run the job's script. The report, and the status to leave with once it is acknowledged.

    None when nobody wants a report any more: the lease is lost.
    """
    if job.pipe_owner is not None:
        starter.give_output_to(*job.pipe_owner)
    log = equipment.open_log(claimed.limits, _to_mask(claimed), claimed.permit)
    if claimed.work.checkout is not None:
        from towline_runner import checkout_phase

        # The lease must live on: a checkout may take longer than a script.
        equipment.heartbeat.begin(service.another(), claimed.heartbeat_s)
        outcome = checkout_phase.run(claimed, job, starter, equipment)
        if outcome is not None:
            return _without_script(*outcome, job, starter, equipment, delivery, log)
    phases = equipment.hear_phases(starter.phases) if job.plan.tells_phases else None
    job.plan.tells_phases = phases is not None
    started = time.time()
    executed = starter.release(job.plan)
    if isinstance(executed, Failure):
        why = job.explain(executed)
        if claimed.work.checkout is not None:
            return _without_script("not_started", why, job, starter, equipment, delivery, log)
        starter.abandon()
        job.folder.remove()
        return testimony.not_started(why), NOT_STARTED
    supervisor = Supervisor(
        starter.pid,
        claimed.limits,
        equipment.facts,
        equipment.descendants,
        lambda: equipment.reader.last_output,
    )
    if claimed.work.checkout is None:
        equipment.heartbeat.begin(service.another(), claimed.heartbeat_s)
    ending = supervisor.watch()
    stopped = time.time()
    heard = phases.heard() if phases is not None else []
    delivery.script_ended(equipment.uploads)
    drained, survivors = _last_words(supervisor, equipment)
    if not equipment.descendants.is_init:
        job.folder.remove()
    if not delivery.wait_for_log():
        return None
    if equipment.console is not None:
        equipment.console.wait(_CONSOLE_WAIT_S)
    report = testimony.ended(
        ending,
        argv=job.argv(executed),
        phases=heard,
        started=started,
        stopped=stopped,
        log=log,
        drained=drained,
        uploads=equipment.uploads,
        survivors=survivors,
        usage=equipment.usage,
    )
    return report, status_of(ending)


def _last_words(supervisor: Supervisor, equipment: Equipment) -> tuple[bool, int]:
    """What is still in the pipe. Whether all of it was read, and how many processes were left."""
    drained, survivors = supervisor.drain()
    supervisor.wait_for_output()
    if not equipment.facts.output_ended:
        equipment.reader.stop()
        drained = False
    return drained, survivors


def _to_mask(claimed: Claimed) -> dict[str, str]:
    """The secrets, and the token of the checkout, which the script never gets."""
    token = (claimed.work.checkout or {}).get("token")
    if not token:
        return claimed.work.secrets
    return {**claimed.work.secrets, "the checkout's token": token["password"]}


def _without_script(
    ended_by: str,
    why: str,
    job: Job,
    starter: Starter,
    equipment: Equipment,
    delivery: Delivery,
    log: Log,
) -> tuple[dict[str, Any], int] | None:
    """The end of a job whose log was written to, but not by its script."""
    starter.abandon()
    until = time.monotonic() + _CONSOLE_WAIT_S
    while not equipment.facts.output_ended and (left := until - time.monotonic()) > 0:
        signals.wait(left)
    drained = equipment.facts.output_ended
    if not drained:
        equipment.reader.stop()
    delivery.script_ended(equipment.uploads)
    job.folder.remove()
    if not delivery.wait_for_log():
        return None
    if equipment.console is not None:
        equipment.console.wait(_CONSOLE_WAIT_S)
    report = testimony.without_script(
        ended_by, why, log=log, uploads=equipment.uploads, drained=drained, usage=equipment.usage
    )
    return report, NOT_STARTED


def status_of(ending: Ending) -> int:
    """The script's status as a container's status: its code, or 128 and the signal."""
    if ending.signal is not None:
        return 128 + ending.signal
    return ending.code or 0
