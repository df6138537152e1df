"""What keeps a service from starting is said in a sentence."""

from __future__ import annotations

import errno
import os

import pytest

from towline.cli.local_options import start_service
from towline.cli.problem import Problem
from towline.cli.terminal import err
from towline.local.service import LocalService


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)), "can't listen on 127.0.0.1 por"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "can't be started: No space left on"),
        (RuntimeError("can't start new thread"), "can't be started: no thread can be made"),
    ],
)
def test_a_service_that_can_not_start_is_a_problem_in_words(
    trouble: Exception, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> LocalService:
        raise trouble

    monkeypatch.setattr(LocalService, "start", fails)
    with pytest.raises(Problem, match=says):
        start_service("process", err())


def test_a_mistake_of_ours_is_not_dressed_as_one_of_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object, **__: object) -> LocalService:
        raise RuntimeError("ours")

    monkeypatch.setattr(LocalService, "start", fails)
    with pytest.raises(RuntimeError, match="ours"):
        start_service("process", err())
