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

from towline_runner.child import become_script, write_all

_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031


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
        tells_phases: bool = False,
    ) -> None:
        """``attempts``: file and argv to execute, the first that exists wins. ``owner``: uid, gid
        and groups to become, None to stay. ``in_memory``: what the file ``IN_MEMORY`` is to hold.
        ``more_killable``: the job is what the kernel takes first when memory runs out.
        ``tells_phases``: it is given the pipe for them."""
        self.attempts = attempts
        self.environment = environment
        self.folder = folder
        self.owner = owner
        self.in_memory = in_memory
        self.more_killable = more_killable
        self.tells_phases = tells_phases


class Failure:
    """Why nothing was executed: the step, the kernel's errno, and the attempt it belongs to."""

    __slots__ = ("attempt", "number", "step")

    def __init__(self, step: str, number: int, attempt: int) -> None:
        self.step = step
        self.number = number
        self.attempt = attempt


class Starter:
    """The waiting child. ``output`` is the reading end of its standard output and error,
    ``phases`` that of the pipe for its phases."""

    def __init__(self, die_with_parent: bool) -> None:
        """Fork. Must be called while this process has one thread. Raises OSError."""
        plan_read, self._plan = os.pipe2(os.O_CLOEXEC)
        self._status, status_write = os.pipe2(os.O_CLOEXEC)
        self.output, self._output_write = os.pipe2(os.O_CLOEXEC)
        self.phases, self._phases_write = os.pipe2(os.O_CLOEXEC)
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            # Nothing of the parent may run here, whatever happens.
            try:
                kept = (plan_read, status_write, self._output_write, self._phases_write)
                become_script(*kept, parent, die_with_parent)
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
                plan.tells_phases,
            )
        )
        try:
            write_all(self._plan, data)
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
        for descriptor in (self._plan, self._output_write, self._phases_write):
            if descriptor >= 0:
                os.close(descriptor)
        self._plan = self._output_write = self._phases_write = -1
