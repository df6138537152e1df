"""What the forked child does until it is the script: all of this runs between fork and execve.

It has one thread and shares nothing with its parent but pipes. Whatever goes wrong here is told
through the status pipe, as steps and the kernel's numbers; it ends in another program or with 125,
and never returns to the parent's code."""

from __future__ import annotations

import errno
import marshal
import os

from towline_runner import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

# The lowest that is not a standard stream; the pipes of the start have higher ones.
_IN_MEMORY_DESCRIPTOR = 3
IN_MEMORY = f"/proc/self/fd/{_IN_MEMORY_DESCRIPTOR}"
# Where a script that tells its phases finds the pipe for them (docs/protocol.md).
PHASES_DESCRIPTOR = 9


def become_script(
    plan_read: int, status: int, output: int, phases: int, parent: int, die_with_parent: bool
) -> NoReturn:
    """All of it runs in the child. Ends in another program or in ``os._exit``."""
    if die_with_parent:
        from towline_runner import kernel

        kernel.die_with_parent()
        if os.getppid() != parent:
            os._exit(125)
    os.setsid()
    _only(plan_read, status, output, phases)
    data = b""
    while block := os.read(plan_read, 1 << 20):
        data += block
    if not data:  # abandoned, or the runner died
        os._exit(0)
    os.close(plan_read)
    plan = marshal.loads(data)  # noqa: S302 - from our own parent
    attempts, environment, folder, owner, in_memory, more_killable, tells_phases = plan
    step = "prepare"
    attempt = 0
    try:
        if more_killable:
            _prefer_to_be_killed()
        _standard_streams(output)
        if tells_phases:
            status = _offer(phases, status)
            _only(status, PHASES_DESCRIPTOR)
        else:
            _only(status)
        if in_memory is not None:
            _put_in_memory(in_memory)
        os.umask(0o022)
        step = "folder"
        os.chdir(folder)
        step = "become"
        _become(owner)
        step = "execute"
        signals.restore_defaults()
        attempt, number = _execute(attempts, dict(environment), status)
    except OSError as trouble:
        number = trouble.errno or 0
    os.write(status, b"failed %s %d %d\n" % (step.encode(), number, attempt))
    os._exit(125)


def _execute(
    attempts: list[tuple[bytes, list[bytes]]], environment: dict[bytes, bytes], status: int
) -> tuple[int, int]:
    """Like execvp(3): goes on where a file is missing, and remembers one that it may not
    execute."""
    denied: tuple[int, int] | None = None
    last = (0, errno.ENOENT)
    for index, (file, argv) in enumerate(attempts):
        os.write(status, b"try %d\n" % index)
        try:
            os.execve(file, argv, environment)
        except OSError as trouble:
            last = (index, trouble.errno or 0)
        if last[1] == errno.EACCES:
            denied = denied or last
        elif last[1] not in (errno.ENOENT, errno.ENOTDIR):
            return last
    return denied or last


def _standard_streams(output: int) -> None:
    """Standard input is at its end; output and error are one pipe."""
    try:
        null = os.open("/dev/null", os.O_RDONLY)
    except OSError:  # an image without /dev
        null, unused = os.pipe()
        os.close(unused)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)


def _only(*kept: int) -> None:
    """Close every descriptor from 3 on but these, which come out above 2."""
    low = 3
    for descriptor in sorted(kept):
        if descriptor >= low:
            os.closerange(low, descriptor)
            low = descriptor + 1
    os.closerange(low, _most_descriptors())


def _put_in_memory(content: bytes) -> None:
    """Make ``IN_MEMORY``, which stays open: without a name it lives as long as a descriptor
    does."""
    descriptor = os.memfd_create("script", os.MFD_CLOEXEC)
    write_all(descriptor, content)
    os.fchmod(descriptor, 0o755)
    os.dup2(descriptor, _IN_MEMORY_DESCRIPTOR)
    os.set_inheritable(_IN_MEMORY_DESCRIPTOR, True)  # it may have had this number already


def _offer(phases: int, status: int) -> int:
    """Put the pipe for the phases where the script looks for it. Where ``status`` is then."""
    if status == PHASES_DESCRIPTOR:
        import fcntl

        status = fcntl.fcntl(status, fcntl.F_DUPFD_CLOEXEC, PHASES_DESCRIPTOR)
    os.dup2(phases, PHASES_DESCRIPTOR)
    os.set_inheritable(PHASES_DESCRIPTOR, True)  # it may have had this number already
    return status


def _most_descriptors() -> int:
    return int(os.sysconf("SC_OPEN_MAX"))


def _become(owner: Any) -> None:
    """Take on the job's user; group first, as afterwards it is not allowed any more."""
    if owner is None:
        return
    uid, gid, groups = owner
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def _prefer_to_be_killed() -> None:
    """When memory runs out the kernel should take the job, never the runner that tells of it."""
    try:
        target = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(target, b"500")
    except OSError:
        return
    os.close(target)


def write_all(descriptor: int, data: bytes) -> None:
    """All of it, however little a pipe takes at once. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
