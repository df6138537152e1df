"""What to do with one message of the launch queue, so that only poison is ever left on it."""

from __future__ import annotations

import logging

from chalicelib.domain.ids import is_id
from chalicelib.ports import TryLater
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.errors import UnknownJob
from chalicelib.usecases.launch import TROUBLE_DELAY_S, launch
from chalicelib.usecases.submit import send

log = logging.getLogger("towline.usecases")


class PoisonMessage(Exception):  # noqa: N818 - what it says about the message, not a fault of ours
    """The message is no job's id, or of a job that was never stored: no retry can mend it."""


def take_message(co: Collaborators, body: str) -> TryLater | None:
    """Launch the job that the message names. Raises ``PoisonMessage`` and nothing else.

    Gives what ``launch`` gives: not None when the backend wants it later.

    A launch that fails for any other reason goes back to the queue with a delay: the dead-letter
    queue is for poison alone. If even that fails the reaper sends the id, as the job is in the
    table. Repeatable.
    """
    if not is_id(body):
        raise PoisonMessage(f"{body[:80]!r} is not the id of a job")
    try:
        return launch(co, body)
    except UnknownJob as unknown:
        raise PoisonMessage(str(unknown)) from None
    except Exception:
        log.exception("the launch did not work out; it is tried again")
        co.meter.count("LaunchesTroubled")
        send(co, body, delay_s=co.jittered(TROUBLE_DELAY_S))
        return None
