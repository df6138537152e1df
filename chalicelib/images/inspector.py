"""``ports.ImageInspector``: the right registry for each image, a time limit, a short memory."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from chalicelib.domain.image_reference import ImageReference, parse_reference
from chalicelib.ports import CannotTell, ImageFacts, NoSuchImage, Platforms, RegistryLogin

Ask = Callable[[ImageReference, RegistryLogin | None], ImageFacts | None]
"""One way to ask; None: not for images of this registry."""

BUDGET_S = 3.0
REMEMBERED_S = 300.0
DOUBT_S = 60.0
REMEMBERED = 1000

log = logging.getLogger("towline.images")


class Inspector:
    """Asks on a thread of its own, as name resolution knows no time limit.

    What speaks for a job is remembered for five minutes and that a registry could not be asked
    for one. What speaks against a job is never remembered: whoever has pushed the missing image
    meanwhile may submit at once.
    """

    def __init__(
        self,
        ways: Callable[[], tuple[Ask, ...]],
        *,
        budget_s: float = BUDGET_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``ways`` is called at the first question: what it loads is not for every cold start."""
        self._ways = ways
        self._budget_s = budget_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: dict[tuple[str, bool], tuple[float, Platforms | CannotTell]] = {}

    def inspect(self, image: str, login: RegistryLogin | None, *, wanted: str) -> ImageFacts:
        """What is known of the image, within the budget. Never raises."""
        key = (image, login is not None)
        known = self._remembered(key)
        if isinstance(known, CannotTell) or (known is not None and wanted in known.names):
            return known
        try:
            facts = self._within_budget(parse_reference(image), login)
        except ValueError as trouble:
            return CannotTell(str(trouble))
        if not isinstance(facts, NoSuchImage):
            self._remember(key, facts)
        if isinstance(facts, CannotTell):
            log.info("image %s is taken unseen: %s", image, facts.why)
        return facts

    def _within_budget(self, image: ImageReference, login: RegistryLogin | None) -> ImageFacts:
        found: list[ImageFacts] = []

        def ask() -> None:
            try:
                answers = (way(image, login) for way in self._ways())
                found.append(next(a for a in answers if a is not None))
            except Exception:
                # A registry that is odd beyond expectation must not keep a job out.
                log.exception("%s could not be asked", image.registry)
                found.append(CannotTell(f"asking {image.registry} failed"))

        thread = threading.Thread(target=ask, name="towline-image", daemon=True)
        thread.start()
        thread.join(self._budget_s)
        if found:
            return found[0]
        return CannotTell(f"{image.registry} did not answer within {self._budget_s:g} s")

    def _remembered(self, key: tuple[str, bool]) -> Platforms | CannotTell | None:
        with self._lock:
            until, facts = self._known.get(key, (0.0, None))
        return facts if self._monotonic() < until else None

    def _remember(self, key: tuple[str, bool], facts: Platforms | CannotTell) -> None:
        keep_s = REMEMBERED_S if isinstance(facts, Platforms) else DOUBT_S
        with self._lock:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = (self._monotonic() + keep_s, facts)
