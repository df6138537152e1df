"""Executes one script plainly, with fork and exec, and prints how it ended: the measured truth.

It is a program of its own that needs the standard library only, so that it can be started as the
first process of a container as well: `python3 plain_execution.py < request > answer`. It is not
the runner and shares nothing with it, or it could not be a witness against it.

The request is JSON: `argv`, `env`, `cwd`, `directories` and `files` (path, mode, content in
base64) to make first, `uid` (None: stay who we are), `timeout_s`, `silence_s`, `cancel_after_s`,
`grace_s`, `drain_s`, `keep_bytes`. The answer is JSON: `verdict`, `exit_code`, `signal`, `bytes`,
`sha256`, `output` (base64 of the first bytes), `seconds`, `error`.

Conditions: standard input is /dev/null; output and errors are one pipe; a new session without a
terminal; umask 022; all signals at their defaults and none blocked; no further descriptors.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import errno
import hashlib
import json
import os
import select
import signal
import sys
import time
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
READ_SIZE = 1 << 16


def main() -> int:
    """Read the request, execute it, print the answer. Not repeatable: scripts destroy things."""
    request = json.load(sys.stdin)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own handler would end us
    _adopt_orphans()
    _prepare(request)
    answer = _execute(request)
    # On a line of its own: as root a script may write to the standard output of its parent.
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
    sys.stdout.flush()
    return 0


def _adopt_orphans() -> None:
    """Make what the script leaves behind our child, so that it can be found and ended."""
    if os.getpid() != 1:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _prepare(request: dict[str, Any]) -> None:
    os.umask(0o022)
    uid = request["uid"]
    for path in request["directories"]:
        os.makedirs(path, exist_ok=True)
        if uid is not None:
            os.chown(path, uid, uid)
    for item in request["files"]:
        os.makedirs(os.path.dirname(item["path"]), exist_ok=True)
        with open(item["path"], "wb") as file:
            file.write(base64.b64decode(item["content"]))
        if uid is not None:
            os.chown(item["path"], uid, uid)
        os.chmod(item["path"], int(item["mode"], 8))


def _execute(request: dict[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    reader, writer = os.pipe()
    trouble_reader, trouble_writer = os.pipe()
    if request["uid"] is not None:
        os.fchown(writer, request["uid"], request["uid"])
    pid = os.fork()
    if pid == 0:
        _become_the_script(request, writer, trouble_writer)
    os.close(writer)
    os.close(trouble_writer)
    trouble = os.read(trouble_reader, 64)
    os.close(trouble_reader)
    if trouble:
        os.waitpid(pid, 0)
        name = errno.errorcode[int(trouble)]
        return _answer("errored", None, None, Output(0), started, name)
    output = Output(request["keep_bytes"])
    status, ended_by = _watch(pid, reader, output, request)
    _drain(reader, output, request["drain_s"])
    _end_everything()
    code, number = _split(status)
    if ended_by is not None:
        return _answer(ended_by, None, None, output, started, None)
    verdict = "passed" if code == 0 else "failed"
    return _answer(verdict, code, number, output, started, None)


def _restore_reserved_signals() -> None:
    """glibc's own two, which timeout(1) leaves ignored and sigaction(3) refuses to touch."""
    call = {"x86_64": 13, "aarch64": 134}[os.uname().machine]
    for number in (32, 33):
        ctypes.CDLL(None).syscall(call, number, ctypes.create_string_buffer(32), None, 8)


def _become_the_script(request: dict[str, Any], writer: int, trouble: int) -> None:
    """In the child: never returns."""
    try:
        os.setsid()
        for number in range(1, signal.NSIG):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        _restore_reserved_signals()
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        # Out of the way of the range that is closed, and gone when the exec succeeds.
        os.set_inheritable(trouble, False)
        os.closerange(3, trouble)
        os.closerange(trouble + 1, 4096)
        if request["uid"] is not None:
            os.setgroups([])
            os.setresgid(request["uid"], request["uid"], request["uid"])
            os.setresuid(request["uid"], request["uid"], request["uid"])
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], request["env"])
    except OSError as error:
        os.write(trouble, str(error.errno).encode())
    finally:
        os._exit(125)


class Output:
    """Counts and digests what it is fed; keeps the first bytes."""

    def __init__(self, keep: int) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self.kept = b""
        self._keep = keep

    def feed(self, data: bytes) -> None:
        self.size += len(data)
        self.digest.update(data)
        if len(self.kept) < self._keep:
            self.kept += data[: self._keep - len(self.kept)]


def _watch(
    pid: int, reader: int, output: Output, request: dict[str, Any]
) -> tuple[int, str | None]:
    """Copy output until the script's own process has ended: its wait status, and what we did."""
    begun = time.monotonic()
    plan = []
    if request["timeout_s"] is not None:
        plan.append((begun + request["timeout_s"], "timed_out"))
    if request["cancel_after_s"] is not None:
        plan.append((begun + request["cancel_after_s"], "cancelled"))
    last_output = begun
    ended_by: str | None = None
    kill_at: float | None = None
    while True:
        if _read_some(reader, output, 0.02):
            last_output = time.monotonic()
        status = _reap(pid)
        if status is not None:
            return status, ended_by
        now = time.monotonic()
        if ended_by is None:
            due = [word for moment, word in sorted(plan) if now >= moment]
            if request["silence_s"] is not None and now >= last_output + request["silence_s"]:
                due.append("timed_out")
            if due:
                ended_by = due[0]
                kill_at = now + request["grace_s"]
                _signal_all(signal.SIGTERM)
        elif kill_at is not None and now >= kill_at:
            _signal_all(signal.SIGKILL)


def _read_some(reader: int, output: Output, wait_s: float) -> bool:
    ready, _, _ = select.select([reader], [], [], wait_s)
    if not ready:
        return False
    data = os.read(reader, READ_SIZE)
    if not data:
        time.sleep(wait_s)  # closed by the script, which goes on: nothing will come here any more
    output.feed(data)
    return bool(data)


def _reap(main: int) -> int | None:
    """Take in whoever has ended; the status of the script's own process, once it is among them."""
    status = None
    while True:
        try:
            pid, taken = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == main:
            status = taken


def _drain(reader: int, output: Output, bound_s: float) -> None:
    end = time.monotonic() + bound_s
    while (left := end - time.monotonic()) > 0:
        if select.select([reader], [], [], left)[0]:
            data = os.read(reader, READ_SIZE)
            if not data:
                return
            output.feed(data)


def _end_everything() -> None:
    """Kill what is left until nothing is; a tree may still be growing meanwhile."""
    for _ in range(200):
        _signal_all(signal.SIGKILL)
        _reap(-1)
        if not _descendants():
            return
        time.sleep(0.01)


def _signal_all(number: int) -> None:
    for pid in _descendants():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _descendants() -> list[int]:
    """Everyone below this process, found through their parents in /proc."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    wave = [os.getpid()]
    while wave:
        wave = [child for parent in wave for child in children.get(parent, [])]
        found += wave
    return found


def _split(status: int) -> tuple[int | None, int | None]:
    if os.WIFSIGNALED(status):
        return None, os.WTERMSIG(status)
    return os.WEXITSTATUS(status), None


def _answer(
    verdict: str,
    code: int | None,
    number: int | None,
    output: Output,
    started: float,
    error: str | None,
) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "exit_code": code,
        "signal": number,
        "bytes": output.size,
        "sha256": output.digest.hexdigest(),
        "output": base64.b64encode(output.kept).decode(),
        "seconds": round(time.monotonic() - started, 2),
        "error": error,
    }


if __name__ == "__main__":
    sys.exit(main())
