"""The script's process: forked before the claim and before any thread, released after it.

Forking is safe only while this process has one thread, and the threads must be there before the
script runs (a fork storm could keep them from starting). So the child is forked first and waits on
a pipe. After the claim it is given its plan, makes itself the job's (identity, folder, descriptors,
signals) and executes. That it executed is told by a close-on-exec pipe: exit statuses 126 and 127
are the script's own."""

from __future__ import annotations

import errno
import marshal
import os

from towline_runner import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
# The lowest that is not a standard stream; the pipes of the start have higher ones.
_IN_MEMORY_DESCRIPTOR = 3
IN_MEMORY = f"/proc/self/fd/{_IN_MEMORY_DESCRIPTOR}"


class Plan:
    """What the child becomes. All paths and texts are bytes, as the kernel takes them."""

    def __init__(
        self,
        attempts: list[tuple[bytes, list[bytes]]],
        environment: dict[bytes, bytes],
        folder: bytes,
        owner: tuple[int, int, list[int]] | None,
        in_memory: bytes | None = None,
        more_killable: bool = False,
    ) -> None:
        """``attempts``: file and argv to execute, the first that exists wins. ``owner``: uid, gid
        and groups to become, None to stay. ``in_memory``: what the file ``IN_MEMORY`` is to hold.
        ``more_killable``: the job is what the kernel takes first when memory runs out."""
        self.attempts = attempts
        self.environment = environment
        self.folder = folder
        self.owner = owner
        self.in_memory = in_memory
        self.more_killable = more_killable


class Failure:
    """Why nothing was executed: the step, the kernel's errno, and the attempt it belongs to."""

    __slots__ = ("attempt", "number", "step")

    def __init__(self, step: str, number: int, attempt: int) -> None:
        self.step = step
        self.number = number
        self.attempt = attempt


class Starter:
    """The waiting child. ``output`` is the reading end of its standard output and error."""

    def __init__(self, die_with_parent: bool) -> None:
        """Fork. Must be called while this process has one thread. Raises OSError."""
        plan_read, self._plan = os.pipe2(os.O_CLOEXEC)
        self._status, status_write = os.pipe2(os.O_CLOEXEC)
        self.output, self._output_write = os.pipe2(os.O_CLOEXEC)
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            # Nothing of the parent may run here, whatever happens.
            try:
                _child(plan_read, status_write, self._output_write, parent, die_with_parent)
            finally:
                os._exit(125)
        os.close(plan_read)
        os.close(status_write)

    @property
    def output_end(self) -> int:
        """The writing end of the script's output, for what speaks in the log before it."""
        return self._output_write

    def give_output_to(self, uid: int, gid: int) -> None:
        """Let the job's user open /dev/stdout, which opens the pipe anew. Best effort."""
        try:
            os.fchown(self._output_write, uid, gid)
        except OSError:  # a user namespace without this user
            return

    def widen_output(self) -> None:
        """A longer pipe, so that a burst of output does not wait for us. Best effort."""
        import fcntl

        try:
            fcntl.fcntl(self.output, _F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError:  # the user's share of pipe memory is used up
            return

    def release(self, plan: Plan) -> int | Failure:
        """Let the child execute. The index of the attempt that did, or why none did."""
        data = marshal.dumps(
            (
                plan.attempts,
                list(plan.environment.items()),
                plan.folder,
                plan.owner,
                plan.in_memory,
                plan.more_killable,
            )
        )
        try:
            _write(self._plan, data)
        except OSError as trouble:  # the child is gone: someone killed it
            return Failure("wait", trouble.errno or 0, 0)
        finally:
            self._shut()
        said = b""
        while block := os.read(self._status, 4096):
            said += block
        os.close(self._status)
        attempt, failure = 0, None
        for line in said.decode("ascii").splitlines():
            words = line.split()
            if words[0] == "try":
                attempt = int(words[1])
            else:
                failure = Failure(words[1], int(words[2]), int(words[3]))
        if failure is None and not said:
            failure = Failure("wait", errno.ESRCH, 0)
        return attempt if failure is None else failure

    def abandon(self) -> None:
        """Let the child end without executing anything, and reap it. Repeatable."""
        self._shut()
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            return

    def _shut(self) -> None:
        for descriptor in (self._plan, self._output_write):
            if descriptor >= 0:
                os.close(descriptor)
        self._plan = self._output_write = -1


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _child(
    plan_read: int, status: int, output: int, parent: int, die_with_parent: bool
) -> NoReturn:
    """All of it runs in the child. Ends in another program or in ``os._exit``."""
    if die_with_parent:
        from towline_runner import kernel

        kernel.die_with_parent()
        if os.getppid() != parent:
            os._exit(125)
    os.setsid()
    _only(plan_read, status, output)
    data = b""
    while block := os.read(plan_read, 1 << 20):
        data += block
    if not data:  # abandoned, or the runner died
        os._exit(0)
    os.close(plan_read)
    attempts, environment, folder, owner, in_memory, more_killable = marshal.loads(data)  # noqa: S302 - from our own parent
    step = "prepare"
    attempt = 0
    try:
        if more_killable:
            _prefer_to_be_killed()
        _standard_streams(output)
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
    _write(descriptor, content)
    os.fchmod(descriptor, 0o755)
    os.dup2(descriptor, _IN_MEMORY_DESCRIPTOR)
    os.set_inheritable(_IN_MEMORY_DESCRIPTOR, True)  # it may have had this number already


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
