"""The inspector's time limit, its memory, and that it never keeps a job out by its own fault."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from chalicelib.domain.image_reference import ImageReference
from chalicelib.images.guarded_https import GuardedHttps
from chalicelib.images.inspector import DOUBT_S, REMEMBERED_S, Ask, Inspector
from chalicelib.images.registry import Registry
from chalicelib.ports import CannotTell, ImageFacts, NoSuchImage, Platforms, RegistryLogin
from tests.conftest import Registry as RealRegistry

AMD = "linux/amd64"
ARM = "linux/arm64"
ONE = Platforms(frozenset({AMD}))


class Asked:
    """Answers with what it is told, and counts."""

    def __init__(self, facts: ImageFacts | None) -> None:
        self.facts = facts
        self.seen: list[str] = []

    def __call__(self, image: ImageReference, login: RegistryLogin | None) -> ImageFacts | None:
        self.seen.append(image.repository)
        return self.facts


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def inspector(*ways: Ask, clock: Callable[[], float] | None = None) -> Inspector:
    return Inspector(lambda: ways, budget_s=60, monotonic=clock or Clock())


def test_the_first_way_that_knows_the_registry_answers() -> None:
    not_mine, mine, unused = Asked(None), Asked(ONE), Asked(CannotTell("late"))
    assert inspector(not_mine, mine, unused).inspect("a.io/b", None, wanted=AMD) == ONE
    assert (len(not_mine.seen), len(mine.seen), len(unused.seen)) == (1, 1, 0)


def test_what_speaks_for_a_job_is_remembered_for_a_while() -> None:
    clock, way = Clock(), Asked(ONE)
    asks = inspector(way, clock=clock)
    for _ in range(3):
        assert asks.inspect("a.io/b", None, wanted=AMD) == ONE
    assert len(way.seen) == 1
    asks.inspect("a.io/b", RegistryLogin("a.io", "u", "p"), wanted=AMD)
    assert len(way.seen) == 2, "an answer to a stranger is not one to whoever has a login"
    clock.now += REMEMBERED_S
    asks.inspect("a.io/b", None, wanted=AMD)
    assert len(way.seen) == 3


def test_what_speaks_against_a_job_is_asked_each_time() -> None:
    """Whoever pushes what was missing may submit at once."""
    way = Asked(NoSuchImage("manifest unknown"))
    asks = inspector(way)
    assert isinstance(asks.inspect("a.io/b", None, wanted=AMD), NoSuchImage)
    way.facts = ONE
    assert asks.inspect("a.io/b", None, wanted=AMD) == ONE
    assert asks.inspect("a.io/b", None, wanted=ARM) == ONE
    way.facts = Platforms(frozenset({AMD, ARM}))
    assert asks.inspect("a.io/b", None, wanted=ARM) == way.facts


def test_doubt_is_remembered_shortly() -> None:
    clock, way = Clock(), Asked(CannotTell("rate limit"))
    asks = inspector(way, clock=clock)
    asks.inspect("a.io/b", None, wanted=AMD)
    asks.inspect("a.io/b", None, wanted=AMD)
    assert len(way.seen) == 1
    clock.now += DOUBT_S
    asks.inspect("a.io/b", None, wanted=AMD)
    assert len(way.seen) == 2


def test_a_registry_that_does_not_answer_is_left_after_the_budget() -> None:
    release = threading.Event()

    def hang(image: ImageReference, login: RegistryLogin | None) -> ImageFacts:
        release.wait(60)
        return ONE

    asks = Inspector(lambda: (hang,), budget_s=0.05)
    facts = asks.inspect("a.io/b", None, wanted=AMD)
    release.set()
    assert facts == CannotTell("a.io did not answer within 0.05 s")


def test_trouble_of_its_own_is_doubt() -> None:
    def broken(image: ImageReference, login: RegistryLogin | None) -> ImageFacts:
        raise RuntimeError("a bug")

    assert isinstance(inspector(broken).inspect("a.io/b", None, wanted=AMD), CannotTell)
    assert isinstance(inspector().inspect("a.io/b", None, wanted=AMD), CannotTell)


def test_a_name_that_is_none_is_doubt() -> None:
    way = Asked(ONE)
    assert isinstance(inspector(way).inspect("a//b", None, wanted=AMD), CannotTell)
    assert way.seen == []


@pytest.mark.registry
@pytest.mark.docker
def test_real_registries_say_what_they_have(
    registry: RealRegistry,
    closed_registry: RealRegistry,
    pushed: str,
    pushed_closed: str,
    engine_platform: str,
) -> None:
    real = inspector(Registry(GuardedHttps(local=True), scheme="http").inspect)
    assert real.inspect(pushed, None, wanted=AMD) == Platforms(frozenset({engine_platform}))
    missing = pushed.replace(":here", ":not-there")
    assert isinstance(real.inspect(missing, None, wanted=AMD), NoSuchImage)
    nowhere = f"{registry.address}/no/such/repository:1"
    assert isinstance(real.inspect(nowhere, None, wanted=AMD), NoSuchImage)

    assert isinstance(real.inspect(pushed_closed, None, wanted=AMD), CannotTell)
    assert closed_registry.login is not None
    login = RegistryLogin(closed_registry.address, *closed_registry.login)
    found = real.inspect(pushed_closed, login, wanted=AMD)
    assert found == Platforms(frozenset({engine_platform}))
    missing = pushed_closed.replace(":here", ":not-there")
    assert isinstance(real.inspect(missing, login, wanted=AMD), NoSuchImage)
