"""The end of a job's log for GitHub's page: what a terminal would have shown, and not too much."""

from __future__ import annotations

import re

from chalicelib.github.markdown import fenced, size, visible

MOST_LINES = 200
MOST_LINE = 2000
"""Characters. One longer line would push all others out."""

# ECMA-48: control sequences, strings (titles, links) with their end, and other escapes.
_ESCAPES = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]|\x1b[\\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?|\x1b[ -/]*[0-~]|\x1b"
)


def log_tail(text: str, most_bytes: int) -> str:
    """The last lines, fenced, in at most ``most_bytes`` bytes; '' when there is nothing to show.

    Colours are dropped, and of a line that was written over only the last state is kept.
    """
    lines = [_last_state(line) for line in _ESCAPES.sub("", text).split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    kept: list[str] = []
    # Room for the words at the start and two fences, each longer than the longest run in a line.
    room = most_bytes - 2 * MOST_LINE - 200
    for line in reversed(lines[-MOST_LINES:]):
        room -= size(line) + 1
        if room < 0:
            break
        kept.append(line)
    if not kept:
        return ""
    body = fenced("\n".join(reversed(kept)))
    left = len(lines) - len(kept)
    head = f"The last {len(kept)} lines; {left} are before them.\n\n" if left else ""
    return head + body


def _last_state(line: str) -> str:
    state = line.rstrip("\r").rpartition("\r")[2]
    shown = visible(state)
    return shown if len(shown) <= MOST_LINE else shown[:MOST_LINE] + " [...]"
