"""A bell for signal handlers, and a timer that survives what it calls."""

from __future__ import annotations

import os
import signal
import threading

from towline.local.bell import Bell
from towline.local.timer import Timer


def test_rings_before_and_during_a_wait_are_heard_once() -> None:
    bell = Bell()
    assert not bell.wait(0)
    for _ in range(100_000):  # more than the pipe holds: it never blocks
        bell.ring()
    assert bell.wait(0)
    assert not bell.wait(0)
    ringer = threading.Timer(0.05, bell.ring)
    ringer.start()
    assert bell.wait(20)
    ringer.join()
    bell.close()
    bell.close()
    bell.ring()


def test_a_signal_handler_may_ring_while_the_same_thread_waits() -> None:
    bell = Bell()
    before = signal.signal(signal.SIGUSR1, lambda *_: bell.ring())
    sender = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        sender.start()
        assert bell.wait(20)
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)
        bell.close()


def test_a_timer_goes_on_after_a_failure_and_ends_when_closed() -> None:
    calls, third = [], threading.Event()

    def call() -> None:
        calls.append(1)
        if len(calls) == 3:
            third.set()
        raise RuntimeError("once more")

    timer = Timer(0.01, call, name="test-timer")
    assert third.wait(20)
    timer.close()
    timer.close()
    assert not any(thread.name == "test-timer" for thread in threading.enumerate())
