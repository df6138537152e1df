"""Where the script of ``run`` and ``enqueue`` comes from: a file, standard input, or a command."""

from __future__ import annotations

import base64
import errno
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

from towline.cli.problem import Problem

MAX_BYTES = 4 << 20
"""``chalicelib.domain.spec.MAX_SCRIPT_BYTES``, without importing pydantic to complain of a typo."""
ALWAYS_TEXT = 256 << 10


def script_or_command(
    words: Sequence[str], command: Sequence[str] | None, stdin: BinaryIO | None = None
) -> dict[str, Any]:
    """The part of the spec that says what runs. Raises ``Problem`` in words.

    ``words`` are those before ``--`` (a script's path, ``-`` or none), ``command`` those after it.
    """
    if command is not None:
        if words:
            raise Problem(
                f"give either a script ({words[0]}) or a command after '--', not both; "
                f"to hand a script arguments, run it as a command: -- bash {words[0]} …"
            )
        if not command or not command[0]:
            raise Problem("there is no command after '--'")
        return {"command": list(command)}
    if len(words) > 1:
        raise Problem(
            f"one script at a time: {words[1]!r} is one word too many; a command goes after '--', "
            f"as in: -- {' '.join(words)}"
        )
    if words and words[0] != "-":
        return _encoded(_file(words[0]))
    source = stdin or sys.stdin.buffer
    if not words and source.isatty():
        raise Problem(
            "nothing to run: give a script's path, a command after '--', or a script on standard "
            "input (type '-' to enter one here)"
        )
    script = source.read(MAX_BYTES + 1)
    if not script:
        raise Problem("nothing to run: standard input is empty, and no script is named")
    return _encoded(script)


def _file(path: str) -> bytes:
    try:
        with open(path, "rb") as script:
            return script.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = f"; a command goes after '--', as in: -- {path}" if "/" not in path else ""
        raise Problem(f"there is no script {path}{hint}") from None
    except IsADirectoryError:
        raise Problem(f"{path} is a directory; give the path of a script in it") from None
    except PermissionError:
        raise Problem(f"{path} can't be read: permission denied") from None
    except OSError as error:
        words = os.strerror(error.errno or errno.EIO)
        raise Problem(f"{path} can't be read: {words}") from None


def _encoded(script: bytes) -> dict[str, Any]:
    if len(script) > MAX_BYTES:
        raise Problem(f"the script is larger than {MAX_BYTES >> 20} MiB, the most that is taken")
    # Text stays readable in what is stored; anything else goes byte for byte. So does a long text
    # that escapes would make longer than that, for a request's body has a limit, too.
    try:
        text = script.decode("utf-8")
    except UnicodeDecodeError:
        return {"script_base64": base64.b64encode(script).decode()}
    if len(script) > ALWAYS_TEXT and len(json.dumps(text)) > len(script) * 4 // 3:
        return {"script_base64": base64.b64encode(script).decode()}
    return {"script": text}
