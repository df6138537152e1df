"""The job's directory: the script in a file, the job's files, all owned by the job's user."""

from __future__ import annotations

import errno
import os
import stat

from towline_runner.child import IN_MEMORY
from towline_runner.identity import Identity
from towline_runner.work import JobFile, NotStarted

_NAME = "script"


class JobFolder:
    """A fresh directory that the job's user owns and can enter. ``path`` is absolute."""

    def __init__(self, path: str, identity: Identity) -> None:
        self.path = path
        self._identity = identity
        self.in_memory: bytes | None = None

    @property
    def script_path(self) -> str:
        if self.in_memory is not None:
            return IN_MEMORY
        return os.path.join(self.path, _NAME)

    def write_script(self, content: bytes, mode: int) -> None:
        """Write the script beside the job's files. Where nothing can be written it is kept in
        ``in_memory``, and the job's process makes a file of it that exists in memory alone."""
        try:
            if not self.path:
                raise OSError(errno.EROFS, "no directory can be written")
            self._write(self.script_path, content, mode)
        except OSError:
            self.in_memory = content

    def write_files(self, files: list[JobFile]) -> None:
        """Make the job's files and the directories above them. Raises NotStarted."""
        for file in files:
            target = os.path.join(self.path or "/", file.path).rstrip("/")
            try:
                self._parents(os.path.dirname(target))
                if file.is_folder:
                    self._directory(target, file.mode)
                else:
                    self._write(target, file.content, file.mode)
            except OSError as trouble:
                raise NotStarted(
                    f"The job's file {file.path!r} can't be made at {target}: {trouble.strerror}."
                ) from None

    def make_folder(self, path: str) -> None:
        """Make a folder for the job's user, with those above it; one that is there stays as it is.
        Raises NotStarted."""
        try:
            self._parents(path.rstrip("/"))
        except OSError as trouble:
            raise NotStarted(f"The folder {path} can't be made: {trouble.strerror}.") from None

    def remove(self) -> None:
        """Take the directory away again, whatever the job has put into it. Best effort."""
        if self.path:
            _remove(self.path)

    def _parents(self, folder: str) -> None:
        if folder and not os.path.isdir(folder):
            self._parents(os.path.dirname(folder))
            self._directory(folder, 0o755)

    def _directory(self, path: str, mode: int) -> None:
        if not os.path.isdir(path):
            os.mkdir(path)
        os.chmod(path, mode)
        self._own(path)

    def _write(self, path: str, content: bytes, mode: int) -> None:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(opened, view) :]
            if os.geteuid() == 0:
                os.fchown(opened, self._identity.uid, self._identity.gid)
            os.fchmod(opened, mode)  # after the owner: a change of owner clears set-id bits
        finally:
            os.close(opened)

    def _own(self, path: str) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._identity.uid, self._identity.gid)


def make(places: list[str], identity: Identity, *, executable: bool) -> JobFolder:
    """Make the directory in the first place that can be written and that the user can enter.

    ``executable``: the script is executed itself, so places mounted ``noexec`` come last. Where
    there is no place at all ``path`` is empty, and the script goes into memory."""
    fit = sorted(
        (place for place in places if os.path.isdir(place) and _enterable(place, identity)),
        key=lambda place: executable and _noexec(place),
    )
    for place in fit:
        path = os.path.join(place, f"towline-{os.urandom(6).hex()}")
        try:
            os.mkdir(path, 0o700)
        except OSError:
            continue
        folder = JobFolder(path, identity)
        try:
            folder._own(path)
            os.chmod(path, 0o755)  # noqa: S103 - the job may ask for another user's processes
        except OSError:
            continue
        return folder
    return JobFolder("", identity)


def _noexec(place: str) -> bool:
    return bool(os.statvfs(place).f_flag & os.ST_NOEXEC)


def _enterable(place: str, identity: Identity) -> bool:
    """Whether the job's user may walk down to ``place``."""
    path = os.path.abspath(place)
    while True:
        try:
            found = os.stat(path)
        except OSError:
            return False
        if found.st_uid == identity.uid:
            allowed = found.st_mode & stat.S_IXUSR
        elif found.st_gid in (identity.gid, *identity.groups):
            allowed = found.st_mode & stat.S_IXGRP
        else:
            allowed = found.st_mode & stat.S_IXOTH
        if not allowed and identity.uid != 0:
            return False
        if path == "/":
            return True
        path = os.path.dirname(path)


def _remove(path: str) -> None:
    """``shutil.rmtree`` without its imports, and through directories that the job made
    unreadable."""
    try:
        os.chmod(path, 0o700)
        with os.scandir(path) as entries:
            names = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        names = []
    for name, is_folder in names:
        if is_folder:
            _remove(name)
        else:
            try:
                os.unlink(name)
            except OSError:
                continue
    try:
        os.rmdir(path)
    except OSError:
        return
