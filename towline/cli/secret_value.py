"""A value that must not be an argument, as process lists show those: from elsewhere, then."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from towline.cli.problem import Problem


def secret_value(
    what: str, *, question: str = "", file: str | None = None, variable: str | None = None
) -> str:
    """From the file or variable that was named, else from standard input; asked for on a terminal.

    One line feed at its end is dropped. ``what`` it is called in complaints, and where it is asked
    for if there is no ``question``. Raises ``Problem`` when it is empty, no text, or can't be read.
    """
    if file is not None:
        value = _text(_read(file), file)
    elif variable is not None:
        value = os.environ.get(variable, "")
        if not value:
            raise Problem(f"--from-env: the variable {variable} is not set, or is empty")
    elif sys.stdin.isatty():
        value = getpass.getpass(f"{question or what}: ")
    else:
        value = _text(sys.stdin.buffer.read(), "standard input")
    if not value:
        raise Problem(f"{what} can't be empty: give it on standard input")
    return value


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as trouble:
        raise Problem(f"{file} can't be read: {trouble.strerror or trouble}") from None


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Problem(f"what {where} holds is not UTF-8 text; encode it first") from None
