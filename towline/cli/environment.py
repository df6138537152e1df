"""The job's environment from ``--env`` and ``--env-file``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from towline.cli.problem import Problem

FORMAT = (
    "one NAME=VALUE a line; empty lines and lines that begin with # are skipped; the value is all "
    "that follows the first '=', as it is: no quotes, no escapes, no $ substitution; NAME alone "
    "passes the caller's value on"
)

_NAME = re.compile(r"[^=\0]+\Z")


def job_environment(
    files: Iterable[str], words: Iterable[str], caller: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Files first, in their order, then the words; later ones win. Raises ``Problem``."""
    found: dict[str, str] = {}
    for path in files:
        for number, line in enumerate(_lines(path), 1):
            if line.strip() and not line.lstrip().startswith("#"):
                found |= _pair(line.lstrip(), f"{path}, line {number}", caller, may_show=False)
    for word in words:
        found |= _pair(word, "--env", caller, may_show=True)
    return found


def _pair(text: str, where: str, caller: Mapping[str, str], *, may_show: bool) -> dict[str, str]:
    """``may_show``: the name of a word was typed as one. A line of a file may be anything, such
    as the second line of a private key, so nothing of one that can't be read is printed."""
    name, equals, value = text.partition("=")
    name = name if equals else name.strip()
    if not _NAME.match(name) or name != name.strip() or name.startswith("export "):
        raise Problem(
            f"{where}: it is not NAME=VALUE: {_fault(name)}; it is not shown here, as it may hold "
            "a secret"
        )
    if not may_show and not equals and name not in caller:
        raise Problem(
            f"{where}: it has no '=', so it would pass your variable of that name on, and there is "
            "none; it is not shown here, as it may hold a secret"
        )
    if "\0" in value:
        raise Problem(f"{where}: the value of {name} holds a NUL byte, which no variable can")
    if not equals:
        if name not in caller:
            raise Problem(f"{where}: {name} has no value here to pass on; write {name}=VALUE")
        value = caller[name]
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Problem(f"{where}: the value of {name} is not UTF-8 text") from None
    return {name: value}


def _fault(name: str) -> str:
    if not name.strip():
        return "there is no name in front of '='"
    if name.startswith("export "):
        return "it begins with 'export', and no shell reads it"
    return "the name has a space around it or a NUL byte in it"


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            # Only line feeds end a line: a value may hold any other separator of Unicode's.
            return [line.removesuffix("\r") for line in file.read().split("\n")]
    except FileNotFoundError:
        raise Problem(f"there is no file {path} (--env-file)") from None
    except IsADirectoryError:
        raise Problem(f"{path} is a directory, not a file of variables (--env-file)") from None
    except OSError as error:
        raise Problem(f"{path} can't be read: {error.strerror} (--env-file)") from None
