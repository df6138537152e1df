"""What the embedded service logs, said as the command says everything: one voice on a terminal."""

from __future__ import annotations

import logging

from towline.cli.terminal import Terminal

BUILDS = "towline.builds"
"""The logger of what becomes of deliveries and builds."""


class _Spoken(logging.Handler):
    def __init__(self, terminal: Terminal, level: int) -> None:
        super().__init__(level)
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        say = self._terminal.fail if record.levelno >= logging.ERROR else self._terminal.warn
        if record.levelno < logging.WARNING:
            say = self._terminal.say
        say(self.format(record))


def speak(terminal: Terminal, *, warnings: bool, builds: bool = False) -> None:
    """Say errors of the service, and its warnings if asked for. May be repeated.

    A job's own command has no use for the warnings: they are for whoever keeps a service.
    ``builds``: say also what comes of each delivery, as GitHub's own page of it is far away.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Spoken)]:
        root.removeHandler(handler)
    root.addHandler(_Spoken(terminal, logging.WARNING if warnings else logging.ERROR))
    told = logging.getLogger(BUILDS)
    for handler in [handler for handler in told.handlers if isinstance(handler, _Spoken)]:
        told.removeHandler(handler)
    if builds:
        news = _Spoken(terminal, logging.INFO)
        # The root's handler says what is worse.
        news.addFilter(lambda record: record.levelno == logging.INFO)
        told.addHandler(news)
    told.setLevel(logging.INFO if builds else logging.NOTSET)
