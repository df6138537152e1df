"""Git as a program: where it is, and one command of it."""

from __future__ import annotations

import os
import subprocess

from towline_runner.checkout.failure import CheckoutFailed, GitFailed
from towline_runner.checkout.progress import Progress

_BLOCK = 65536
_SAID_MOST = 16384


class Git:
    """Runs in ``folder`` with exactly ``environment``."""

    def __init__(
        self, program: str, environment: dict[str, str], folder: str, progress_s: float
    ) -> None:
        self.program = program
        self.environment = environment
        self.folder = folder
        self._progress_s = progress_s

    def within(self, folder: str) -> Git:
        """The same for another repository."""
        return Git(self.program, self.environment, folder, self._progress_s)

    def show(self, *arguments: str) -> None:
        """Run a command whose output belongs into the log. Raises GitFailed."""
        progress = Progress(self._progress_s)
        with self._start(arguments, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            while data := os.read(process.stdout.fileno(), _BLOCK):
                progress.feed(data)
        progress.finish()
        if process.returncode:
            said = progress.said.decode("utf-8", "replace")
            raise GitFailed(arguments[0], process.returncode, said)

    def ask(self, *arguments: str) -> str:
        """Run a command for its answer; nothing of it is shown. Raises GitFailed."""
        with self._start(arguments, stderr=subprocess.PIPE) as process:
            out, said = process.communicate()
        if process.returncode:
            words = said[-_SAID_MOST:].decode("utf-8", "replace")
            raise GitFailed(arguments[0], process.returncode, words)
        return str(out.decode("utf-8", "surrogateescape"))

    def knows(self, commit: str) -> bool:
        """Whether the commit is here."""
        try:
            self.ask("cat-file", "-e", f"{commit}^{{commit}}")
        except GitFailed:
            return False
        return True

    def _start(self, arguments: tuple[str, ...], stderr: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [self.program, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
            )
        except OSError as trouble:
            raise CheckoutFailed(
                f"Git can't be executed ({self.program}): {trouble.strerror}."
            ) from None


def find(name: str, *paths: str) -> str | None:
    """The first program of this name in the folders of these PATHs."""
    for path in paths:
        for folder in path.split(":"):
            file = os.path.join(folder, name)
            if folder.startswith("/") and os.path.isfile(file) and os.access(file, os.X_OK):
                return file
    return None
