"""The phase before the script: the checkout's process, started, watched and ended by the runner.

Imported by jobs with a checkout alone.
"""

from __future__ import annotations

import os
import sys
import time

from towline_runner import codec, signals
from towline_runner.descendants import Descendants
from towline_runner.equipment import Equipment
from towline_runner.job import Job
from towline_runner.starter import Starter
from towline_runner.supervise import Ending, Supervisor
from towline_runner.work import Claimed

_END_WITHIN_S = 10.0
_PROGRESS_S = 5.0
_LEAST_LEFT_S = 0.001
_WORDS_MOST = 2000
_RESULT = 3
FAILED = "checkout_failed"
# Of the script's environment: where programs are, and how to get out of here.
_PASSED = (
    *("PATH", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
    *("no_proxy", "NO_PROXY"),
)


def run(
    claimed: Claimed, job: Job, starter: Starter, equipment: Equipment
) -> tuple[str, str] | None:
    """Carry out the checkout. None: it is there, and what it took is gone from the job's timeout.

    Else what ended it, in the report's words, and a sentence about why. No process of it is left.
    """
    facts, limits = equipment.facts, claimed.limits
    began = time.monotonic()
    order = _order(claimed, job)
    try:
        pid, result = _start(order, starter)
    except OSError as trouble:
        return FAILED, f"The checkout's process could not be started: {trouble.strerror}."
    watched = Descendants(spared=starter.pid)
    supervisor = Supervisor(pid, limits, facts, watched, lambda: equipment.reader.last_output)
    ending = supervisor.watch()
    watched.end(_END_WITHIN_S)
    words = _words(result)
    if facts.owner_lost:
        return "owner_lost", "The process that ran the runner went away during the checkout."
    if facts.cancel or facts.lease_lost:
        return "cancel", "The runner was told to end during the checkout."
    limits.timeout_s = max(_LEAST_LEFT_S, limits.timeout_s - (time.monotonic() - began))
    why = _trouble(ending, words, claimed)
    return None if why is None else (FAILED, why)


def _trouble(ending: Ending, words: str, claimed: Claimed) -> str | None:
    if ending.ended_by == "timeout":
        return "The checkout had not ended at the job's timeout."
    if ending.ended_by == "silence":
        seconds = claimed.limits.silence_s
        return f"The checkout wrote nothing for {seconds:g} s, the job's silence timeout."
    if ending.code == 0:
        return None
    if words:
        return words
    how = f"signal {ending.signal}" if ending.signal else f"status {ending.code}"
    return f"The checkout's process ended with {how}; the log may say why."


def _order(claimed: Claimed, job: Job) -> bytes:
    silence = claimed.limits.silence_s
    progress = _PROGRESS_S if silence is None else min(_PROGRESS_S, silence / 3)
    # Nothing else of it: the job's secrets are none of git's business.
    passed = {
        name: os.fsdecode(job.environment[os.fsencode(name)])
        for name in _PASSED
        if os.fsencode(name) in job.environment
    }
    return codec.dumps(
        {
            "checkout": claimed.work.checkout,
            "folder": job.checkout_folder,
            "scratch": job.folder.path,
            "owner": job.owner,
            "parent": os.getpid() if not job.in_container else None,
            "environment": passed,
            "certificates": job.certificates,
            "progress_s": progress,
        }
    )


def _start(order: bytes, starter: Starter) -> tuple[int, int]:
    """The process, and where it tells why it failed. ``posix_spawn`` may be used beside threads."""
    order_read, order_write = os.pipe2(os.O_CLOEXEC)
    result_read, result_write = os.pipe2(os.O_CLOEXEC)
    command = _command()
    try:
        pid = os.posix_spawn(
            command[0],
            command,
            {"LC_ALL": "C.UTF-8"},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, order_read, 0),
                (os.POSIX_SPAWN_DUP2, starter.output_end, 1),
                (os.POSIX_SPAWN_DUP2, starter.output_end, 2),
                (os.POSIX_SPAWN_DUP2, result_write, _RESULT),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=signals.every(),
        )
    except OSError:
        for descriptor in (order_read, order_write, result_read, result_write):
            os.close(descriptor)
        raise
    os.close(order_read)
    os.close(result_write)
    try:
        view = memoryview(order)
        while view:
            view = view[os.write(order_write, view) :]
    except BrokenPipeError:  # it has ended; its status and the log say why
        pass
    finally:
        os.close(order_write)
    return pid, result_read


def _command() -> list[str]:
    """The interpreter that runs us, also where only the runner's folder brings its loader."""
    package = os.path.dirname(os.path.abspath(__file__))
    home = os.path.dirname(os.path.dirname(package))
    interpreter = [sys.executable]
    if os.path.isfile(f"{home}/loader"):
        library = f"{home}/lib"
        interpreter = [f"{home}/loader", "--inhibit-cache", "--library-path", library]
        interpreter.append(f"{home}/bin/python3")
    return [*interpreter, "-I", "-S", "-B", f"{package}/checkout/__main__.py"]


def _words(result: int) -> str:
    """All that it said, once none of its processes is left."""
    os.set_blocking(result, False)
    said = b""
    try:
        while block := os.read(result, _WORDS_MOST):
            said += block
    except BlockingIOError:  # someone escaped with it open
        pass
    os.close(result)
    return said.decode("utf-8", "replace")[:_WORDS_MOST]
