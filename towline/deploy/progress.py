"""Whom the deployment tells what it is doing. The command line shows it; tests keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from towline.deploy.change import Change
    from towline.deploy.stack_events import StackEvent


class Progress(Protocol):
    def say(self, text: str) -> None:
        """What is done now, a sentence at a time."""
        ...

    def warn(self, text: str) -> None:
        """What was not as it should be and did not stop it."""
        ...

    def event(self, event: StackEvent) -> None:
        """One new event of the stack that is being changed."""
        ...

    def confirm(self, question: str, lost: list[Change]) -> bool:
        """Whether to go on although these are removed or replaced."""
        ...
