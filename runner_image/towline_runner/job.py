"""From the claim's reply to a plan that the waiting child can carry out."""

from __future__ import annotations

import os

from towline_runner import environment, folder, identity, programs
from towline_runner.identity import Identity
from towline_runner.starter import Failure, Plan
from towline_runner.surroundings import Surroundings
from towline_runner.work import NotStarted, Work

_TEMPORARY = ("/tmp", "/var/tmp", "/run")  # noqa: S108 - a fresh directory of ours is made in it
# The working directory of a job with a checkout, in the job's directory.
_FRESH = "work"
_CHECKOUT_VARIABLE = "TOWLINE_CHECKOUT"
_LAST_RESORTS = ("/", "/dev/shm")  # noqa: S108 - likewise


class Job:
    """One job, ready to start. Raises NotStarted when it can't be."""

    def __init__(self, work: Work, around: Surroundings) -> None:
        self._work = work
        own = identity.current()
        wanted = work.user or around.image_user
        self.identity = identity.resolve(wanted) if wanted else own
        self._become = _owner(self.identity, own) if wanted else None
        self.checkout_folder = ""
        self.in_container = around.in_container
        self.certificates = around.certificates
        self._environment = environment.build(
            around.environment,
            in_container=around.in_container,
            identity=self.identity,
            dropped=self.identity.uid != own.uid,
            env=work.env,
            secrets=work.secrets,
        )
        self.folder = folder.make(
            self._places(around), self.identity, executable=_executed_itself(work)
        )
        try:
            self._fill(around)
        except BaseException:
            self.folder.remove()
            raise

    def _fill(self, around: Surroundings) -> None:
        work = self._work
        if work.script is not None:
            self.folder.write_script(work.script, work.script_mode)
        self.folder.write_files(work.files)
        self.where = self._where(around)
        script_path = None if work.script is None else self.folder.script_path
        self._attempts = programs.attempts(work, script_path, self._environment)
        self.plan = Plan(
            self._attempts,
            self._environment,
            os.fsencode(self.where),
            self._become,
            self.folder.in_memory,
            more_killable=around.in_container,
            tells_phases=work.tells_phases,
        )

    def _where(self, around: Surroundings) -> str:
        """The working directory. A job with a checkout has a fresh one, whatever its image says."""
        work = self._work
        if work.checkout is None:
            return work.workdir or around.folder or self.folder.path or "/"
        where = work.workdir or (self.folder.path and os.path.join(self.folder.path, _FRESH))
        if not where:
            raise NotStarted("There is no folder that the job's user can write a checkout into.")
        self.folder.make_folder(where)
        below = str(work.checkout.get("path") or ".")
        self.checkout_folder = os.path.normpath(os.path.join(where, below))
        if _CHECKOUT_VARIABLE not in work.env:
            self._environment[_CHECKOUT_VARIABLE.encode()] = os.fsencode(self.checkout_folder)
        return where

    @property
    def environment(self) -> dict[bytes, bytes]:
        """What the script finds in its environment."""
        return self._environment

    @property
    def owner(self) -> tuple[int, int, list[int]] | None:
        """The user, group and groups to become; None to stay."""
        return self._become

    @property
    def pipe_owner(self) -> tuple[int, int] | None:
        """Who is to own the output's pipe; None when the runner's own user already does."""
        return None if self._become is None else self._become[:2]

    def argv(self, attempt: int) -> list[str]:
        """What was executed, for the report."""
        file, argv = self._attempts[attempt]
        return [word.decode("utf-8", "replace") for word in (file, *argv[1:])]

    def explain(self, failure: Failure) -> str:
        """A sentence about why nothing was executed."""
        return programs.explain(failure, self._work, self._attempts, self._environment, self.where)

    def _places(self, around: Surroundings) -> list[str]:
        chosen = [self._environment.get(name, b"") for name in (b"TMPDIR", b"HOME")]
        temporary, home = map(os.fsdecode, chosen)
        places = [temporary, *_TEMPORARY, home, around.folder or "", *_LAST_RESORTS]
        return [place for place in dict.fromkeys(places) if place.startswith("/")]


def _executed_itself(work: Work) -> bool:
    if work.script is None or work.shell:
        return False
    return work.shell is not None or work.script.startswith(b"#!")


def _owner(wanted: Identity, own: Identity) -> tuple[int, int, list[int]] | None:
    if os.geteuid() == 0:
        return wanted.uid, wanted.gid, wanted.groups
    if (wanted.uid, wanted.gid) != (own.uid, own.gid):
        raise NotStarted(
            f"The job asks for user {wanted.uid}:{wanted.gid}, but the runner is "
            f"{own.uid}:{own.gid} and only root can become another user."
        )
    return None
