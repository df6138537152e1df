"""Which program is executed, and in which words a failure to execute it is told."""

from __future__ import annotations

import errno
import os

from towline_runner.environment import DEFAULT_PATH
from towline_runner.starter import Failure
from towline_runner.work import NotStarted, Work

Attempts = list[tuple[bytes, list[bytes]]]


def attempts(work: Work, script_path: str | None, environment: dict[bytes, bytes]) -> Attempts:
    """The files to try in order, each with its argv. Never a login shell, ``-c`` or standard
    input."""
    path = environment.get(b"PATH", DEFAULT_PATH)
    if work.command:
        argv = [_bytes(word) for word in work.command]
        return [(file, argv) for file in _candidates(argv[0], path)]
    script = _bytes(script_path or "")
    shell = work.shell
    if shell is None:
        if (work.script or b"").startswith(b"#!"):
            return [(script, [script])]
        return [*_shell([b"bash"], script, path), *_shell([b"sh"], script, path)]
    if not shell:
        return [(script, [script])]
    return _shell([_bytes(word) for word in shell], script, path)


def _shell(shell: list[bytes], script: bytes, path: bytes) -> Attempts:
    return [(file, [file, *shell[1:], script]) for file in _candidates(shell[0], path)]


def _candidates(name: bytes, path: bytes) -> list[bytes]:
    """A name with a slash is a path; else it is looked up in PATH, where an empty part is here."""
    if b"/" in name:
        return [name]
    return [os.path.join(part or b".", name) for part in path.split(b":")]


def _bytes(word: str) -> bytes:
    if "\0" in word:
        raise NotStarted("A word of the command line can't hold a NUL character.")
    return word.encode("utf-8", "surrogatepass")


def explain(
    failure: Failure, work: Work, tried: Attempts, environment: dict[bytes, bytes], where: str
) -> str:
    """A sentence for the job's owner. ``where``: the working directory."""
    why = os.strerror(failure.number)
    if failure.step == "folder":
        if failure.number == errno.ENOTDIR:
            return f"The working directory {where} is not a directory."
        if failure.number == errno.ENOENT:
            return f"The working directory {where} does not exist where the job runs."
        return f"The job's user can't enter the working directory {where}: {why}."
    if failure.step == "become":
        return f"The runner could not become the job's user: {why}."
    if failure.step != "execute":
        return f"The script's process could not be prepared ({failure.step}): {why}."
    file = os.fsdecode(tried[failure.attempt][0])
    asked = _asked(work)
    if failure.number in (errno.ENOENT, errno.ENOTDIR):
        return _missing(file, asked, environment)
    if failure.number == errno.EACCES:
        return f"{asked} can't be executed by the job's user ({file}): permission denied."
    if failure.number == errno.ENOEXEC:
        return (
            f"{asked} can't be executed ({file}): it is no program of this architecture, "
            "and it has no #! line."
        )
    if failure.number == errno.E2BIG:
        return "The arguments and environment variables are too long for the kernel together."
    return f"{asked} can't be executed ({file}): {why}."


def _asked(work: Work) -> str:
    if work.command:
        return f"The command {work.command[0]!r}"
    if work.shell:
        return f"The shell {work.shell[0]!r}"
    return "The script"


def _missing(file: str, asked: str, environment: dict[bytes, bytes]) -> str:
    if os.path.lexists(file):
        return (
            f"{asked} can't be executed ({file}): the interpreter {_interpreter(file)} is missing."
        )
    if asked == "The script":
        return "The image has neither bash nor sh in its PATH. Name a shell that it has."
    if "/" in asked:
        return f"{asked} does not exist in the image."
    path = environment.get(b"PATH", DEFAULT_PATH).decode("utf-8", "replace")
    return f"{asked} was not found in the PATH of the job ({path})."


def _interpreter(file: str) -> str:
    try:
        with open(file, "rb") as opened:
            line = opened.readline(256)
    except OSError:
        line = b""
    if line.startswith(b"#!"):
        # For the kernel blanks and tabs end a word, a carriage return does not (binfmt_script.c).
        words = line[2:].rstrip(b"\n").replace(b"\t", b" ").split(b" ")
        name = next((word for word in words if word), b"")
        windows = " (the script has Windows line ends)" if name.endswith(b"\r") else ""
        return repr(os.fsdecode(name)) + windows if name.strip() else "of its empty #! line"
    return "or library that it needs"
