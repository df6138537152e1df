"""Signals are blocked for good and read one by one, with their sender, by the main thread.

A blocked signal is never lost, and even PID 1, which the kernel shields from signals it has no
handler for, gets it (signal(7), pid_namespaces(7)). ``sigtimedwait`` tells who sent it."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # C module of "signal", which would import enum
import _thread
import os

TERM: int = _signal.SIGTERM
KILL: int = _signal.SIGKILL
CONT: int = _signal.SIGCONT
STOP: int = _signal.SIGSTOP
CHLD: int = _signal.SIGCHLD
_WAKE: int = _signal.SIGURG
_RESERVED = (32, 33)  # glibc's own; ignored ones are passed on by programs such as timeout(1)
_STOPPING = frozenset((_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP, _signal.SIGQUIT))
_SENT_BY_KILL = (
    0  # si_code SI_USER: the kernel lets nobody forge si_pid with it (rt_sigqueueinfo(2))
)


class Received:
    """One signal: its number, and the process that sent it.

    ``sender`` is 0 when the kernel sent it, or a process outside this PID namespace. ``genuine`` is
    false when the sender chose the sender's number itself (sigqueue) and so proves nothing.
    """

    __slots__ = ("genuine", "number", "sender")

    def __init__(self, number: int, sender: int, *, genuine: bool) -> None:
        self.number = number
        self.sender = sender
        self.genuine = genuine

    @property
    def asks_to_stop(self) -> bool:
        return self.number in _STOPPING


def block_all() -> None:
    """Block every signal in this thread and in all threads that it starts. Repeatable."""
    _signal.pthread_sigmask(_signal.SIG_BLOCK, _all())


def restore_defaults() -> None:
    """In a child: every signal to its default action and none blocked, as a fresh process has
    it."""
    for number in _all():
        try:
            _signal.signal(number, _signal.SIG_DFL)
        except (OSError, ValueError):  # two that the C library keeps for itself
            continue
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    if reserved := tuple(number for number in _RESERVED if number in _ignored()):
        from towline_runner import kernel

        kernel.restore_reserved(reserved)


def _ignored() -> frozenset[int]:
    """The signals that this process ignores, those of the C library among them (proc(5))."""
    try:
        with open("/proc/self/status", "rb") as opened:
            lines = opened.read().split(b"\n")
    except OSError:
        return frozenset()
    mask = next((int(line[7:], 16) for line in lines if line.startswith(b"SigIgn:")), 0)
    return frozenset(bit + 1 for bit in range(64) if mask >> bit & 1)


def wait(timeout_s: float) -> Received | None:
    """Wait for the next signal, at most ``timeout_s`` seconds; None when none came."""
    info = _signal.sigtimedwait(_all(), max(0.0, timeout_s))
    if info is None:
        return None
    genuine = info.si_code == _SENT_BY_KILL or info.si_code > 0
    return Received(info.si_signo, info.si_pid if genuine else 0, genuine=genuine)


def every() -> frozenset[int]:
    """All signals that can be blocked or handled."""
    return _all()


def _all() -> frozenset[int]:
    global _EVERY
    if not _EVERY:
        _EVERY = frozenset(_signal.valid_signals()) - {KILL, STOP}
    return _EVERY


_EVERY: frozenset[int] = frozenset()


class Bell:
    """Wakes the main thread out of ``wait`` when another thread has something to tell it."""

    def __init__(self) -> None:
        self._main = _thread.get_ident()

    def ring(self) -> None:
        """May be called from any thread, any number of times; rings that are not yet heard
        merge."""
        _signal.pthread_kill(self._main, _WAKE)


def from_outside(received: Received, *, own_pid: int, descends: object = None) -> bool:
    """Whether a signal is a real wish to stop the job, rather than the job's own doing.

    As PID 1: only signals from outside the PID namespace (sender 0) are; the job shares the
    namespace. As an ordinary process: all are, unless the sender is a process that the job started
    (``descends``: a function from a process number to whether it descends from the runner)."""
    if not received.genuine:
        return False
    if own_pid == 1:
        return received.sender == 0
    if received.sender in (0, own_pid, os.getppid()):
        return True
    return not (callable(descends) and descends(received.sender))
