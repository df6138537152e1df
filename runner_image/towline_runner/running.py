"""One script from its start to the end of its log."""

from __future__ import annotations

import time

from towline_runner import testimony
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
    log = equipment.open_log(claimed.limits, claimed.work.secrets, claimed.permit)
    started = time.time()
    executed = starter.release(job.plan)
    if isinstance(executed, Failure):
        why = job.explain(executed)
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
    equipment.heartbeat.begin(service.another(), claimed.heartbeat_s)
    ending = supervisor.watch()
    stopped = time.time()
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


def status_of(ending: Ending) -> int:
    """The script's status as a container's status: its code, or 128 and the signal."""
    if ending.signal is not None:
        return 128 + ending.signal
    return ending.code or 0
