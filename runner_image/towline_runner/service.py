"""The service's three routes: claim, heartbeat, report (docs/protocol.md)."""

from __future__ import annotations

import os
import time

from towline_runner import PROTOCOL, VERSION, codec
from towline_runner.wire import Address, Answer, Connection, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CLAIM_TRIED_FOR_S = 120.0
_TIMEOUT_S = 30.0
_OF_NO_USE = (401, 409, 410)


class Refused(Exception):  # noqa: N818 - an answer
    """The service has no work for this runner, and asking again would not change that."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class GaveUp(Exception):  # noqa: N818 - an end, not a fault
    """The service did not answer usefully for as long as it was worth asking."""


class Backoff:
    """Waiting times that double from ``first_s`` to ``most_s``, each cut by up to half by
    chance."""

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first = first_s
        self._next = first_s
        self._most = most_s

    def next_s(self) -> float:
        wait = self._next
        self._next = min(self._next * 2, self._most)
        return wait * (1 - os.urandom(1)[0] / 512)  # chance without importing random

    def reset(self) -> None:
        self._next = self._first


class Service:
    """Speaks for one runner. Used by one thread at a time; ``another`` makes one for another
    thread."""

    def __init__(self, url: str, job: str, token: str) -> None:
        self._url = url
        self._connection = Connection(Address(url))
        self._job = job
        self._token = token
        self._attempt = 0
        self._lease = ""

    def another(self) -> Service:
        """The same lease over a connection of its own."""
        twin = Service(self._url, self._job, self._token)
        twin.hold(self._attempt, self._lease)
        return twin

    def hold(self, attempt: int, lease: str) -> None:
        """Use this lease from now on."""
        self._attempt = attempt
        self._lease = lease

    def claim(
        self,
        nonce: str,
        meanwhile: Callable[[], None],
        interrupted: Callable[[], bool],
        pause: Callable[[float], None],
    ) -> dict[str, Any]:
        """Exchange the token for the job. The same nonce gets the same answer, so it is repeatable.

        ``meanwhile`` is called once, when the request is on its way: what it does costs no time.
        Raises Refused, GaveUp, and Interrupted when ``interrupted`` says so.
        """
        body = codec.dumps(
            {
                "protocol": PROTOCOL,
                "job": self._job,
                "token": self._token,
                "nonce": nonce,
                "runner": VERSION,
            }
        )
        until = time.monotonic() + CLAIM_TRIED_FOR_S
        backoff = Backoff(0.2, 10.0)
        waiting: list[Callable[[], None]] = [meanwhile]
        while True:
            try:
                self._send("claim", body)
                while waiting:
                    waiting.pop()()
                return self._claimed(self._connection.receive(interrupted))
            except Unreachable as trouble:
                words = str(trouble)
            except _TryAgain as trouble:
                words = str(trouble)
            while waiting:
                waiting.pop()()
            wait = backoff.next_s()
            if time.monotonic() + wait > until:
                raise GaveUp(f"the service gave no job in {CLAIM_TRIED_FOR_S:.0f} s: {words}")
            pause(wait)

    def _claimed(self, answer: Answer) -> dict[str, Any]:
        if answer.status == 200:
            try:
                reply = codec.loads(answer.body)
                self.hold(int(reply["attempt"]), str(reply["lease"]))
            except (ValueError, KeyError, TypeError):
                raise _TryAgain("the answer to the claim could not be read") from None
            assert isinstance(reply, dict)  # noqa: S101 - for the type checker: it has keys
            return reply
        words = f"the service answered the claim with {answer.status}: {_said(answer)}"
        if _worth_repeating(answer.status):
            raise _TryAgain(words)
        raise Refused(answer.status, words)

    def heartbeat(self, log_bytes: int) -> dict[str, Any]:
        """Renew the lease. Raises Refused when it is lost, Unreachable for any other trouble."""
        answer = self._exchange("heartbeat", {"log_bytes": log_bytes})
        if answer.status == 200:
            try:
                reply = codec.loads(answer.body)
            except ValueError:
                reply = None
            if isinstance(reply, dict):
                return reply
        elif answer.status in _OF_NO_USE:
            raise Refused(answer.status, f"the lease is lost ({answer.status})")
        raise Unreachable(f"the heartbeat was answered with {answer.status}")

    def report(
        self, report: dict[str, Any], timeout_s: float, interrupted: Callable[[], bool]
    ) -> None:
        """Deliver the report once. Raises Refused when nobody wants it, Unreachable to try again,
        and Interrupted when ``interrupted`` says so."""
        answer = self._exchange("report", {"report": report}, timeout_s, interrupted)
        if 200 <= answer.status < 300:
            return
        words = f"the report was answered with {answer.status}: {_said(answer)}"
        if _worth_repeating(answer.status):
            raise Unreachable(words)
        raise Refused(answer.status, words)

    def _exchange(
        self,
        route: str,
        fields: dict[str, Any],
        timeout_s: float = _TIMEOUT_S,
        interrupted: Callable[[], bool] | None = None,
    ) -> Answer:
        head = {
            "protocol": PROTOCOL,
            "job": self._job,
            "attempt": self._attempt,
            "lease": self._lease,
        }
        body = codec.dumps(head | fields)
        target = f"{self._connection.address.path}/runner/{route}"
        return self._connection.exchange(
            target, "application/json", len(body), lambda: (body,), timeout_s, interrupted
        )

    def _send(self, route: str, body: bytes) -> None:
        target = f"{self._connection.address.path}/runner/{route}"
        self._connection.send(target, "application/json", len(body), (body,), _TIMEOUT_S)


class _TryAgain(Exception):  # noqa: N818 - an answer
    """The service is there and may have a better answer later."""


def _worth_repeating(status: int) -> bool:
    return status >= 500 or status in (408, 425, 429)


def _said(answer: Answer) -> str:
    """The first words of an error's body, for the operator's eyes."""
    return answer.body[:300].decode("utf-8", "replace").strip() or "no explanation"
