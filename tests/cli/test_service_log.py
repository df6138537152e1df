"""The service's log has the command's own voice, and only what its reader can use."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from towline.cli.service_log import BUILDS, speak
from towline.cli.terminal import Terminal


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    kept = [(log, list(log.handlers)) for log in (logging.getLogger(), logging.getLogger(BUILDS))]
    yield
    for log, before in kept:
        log.handlers[:] = before
    logging.getLogger(BUILDS).setLevel(logging.NOTSET)


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


@pytest.mark.parametrize("builds", [True, False])
def test_news_of_builds_are_said_to_whoever_wired_github(builds: bool) -> None:
    stream = io.StringIO()
    for _ in range(2):
        speak(Terminal(stream), warnings=True, builds=builds)
    log = logging.getLogger(BUILDS)
    log.info("build 1 is over")
    log.warning("odd")
    logging.getLogger("towline.usecases").info("attempt 1 runs")
    news = ["towline: build 1 is over"] if builds else []
    assert stream.getvalue().splitlines() == [*news, "towline: warning: odd"]
