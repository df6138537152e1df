"""The service's log has the command's own voice, and only what its reader can use."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from towline.cli.service_log import speak
from towline.cli.terminal import Terminal


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    root.handlers[:] = before


@pytest.mark.parametrize(
    ("warnings", "said"),
    [
        (False, ["towline: error: bad"]),
        (True, ["towline: warning: odd", "towline: error: bad"]),
    ],
)
def test_each_line_has_the_commands_prefix_however_often_it_was_set_up(
    warnings: bool, said: list[str]
) -> None:
    stream = io.StringIO()
    for _ in range(2):
        speak(Terminal(stream), warnings=warnings)
    log = logging.getLogger("towline.usecases")
    log.warning("odd")
    log.error("bad")
    assert stream.getvalue().splitlines() == said
