"""What ``deploy`` and ``destroy`` show, and how they ask."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from towline.cli.terminal import Terminal

if TYPE_CHECKING:
    from towline.deploy.change import Change
    from towline.deploy.plan import StackPlan
    from towline.deploy.stack_events import StackEvent

CHANGE_COLOURS = {"Add": "green", "Remove": "red", "Modify": "yellow", "Dynamic": "yellow"}


class View:
    """``towline.deploy.progress.Progress`` on a terminal."""

    def __init__(self, terminal: Terminal, *, yes: bool) -> None:
        self._terminal = terminal
        self._yes = yes

    def say(self, text: str) -> None:
        self._terminal.say(text)

    def warn(self, text: str) -> None:
        self._terminal.warn(text)

    def event(self, event: StackEvent) -> None:
        """One line for what has ended; what only has begun is told when it takes long."""
        from towline.deploy.failure_words import explained

        if event.of_stack:
            if event.status.endswith("ROLLBACK_IN_PROGRESS"):
                self._terminal.say("rolling back, the reason follows at the end")
            return
        if not event.ended:
            return
        at = self._terminal.paint(f"{event.at.astimezone():%H:%M:%S}", "grey")
        words = f"{event.words():12}"
        if event.failed:
            words = self._terminal.paint(words, "red")
        why = f": {explained(event.reason)}" if event.failed else ""
        self._terminal.line(f"  {at}  {words}  {event.logical_id:32}  {event.type}{why}")

    def confirm(self, question: str, lost: list[Change]) -> bool:
        """Ask when something is lost. Raises ``Declined`` where nobody can be asked."""
        from towline.deploy.errors import Declined

        self.warn("what these hold would be lost:")
        for change in lost:
            self._terminal.line(f"  {change.line()}: {change.loses}")
        if self._yes:
            return True
        if not can_ask():
            raise Declined(
                "something would be lost, and there is no terminal to ask at; nothing was changed. "
                "Look at it with --plan, and give --yes if it is meant"
            )
        return ask(self._terminal, f"{question}? Type yes to go on: ") == "yes"


def can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(terminal: Terminal, question: str) -> str:
    """The answer on one line, '' when the terminal ends instead. On stderr: stdout is for data."""
    sys.stderr.write(f"{terminal.paint('towline:', 'grey')} {question}")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def show_plan(terminal: Terminal, plans: Sequence[StackPlan]) -> None:
    """Each stack with its changes, the ones that lose something in front."""
    for plan in plans:
        count = f"{len(plan.changes)} change{'' if len(plan.changes) == 1 else 's'}"
        head = {
            "create": f"would be created ({len(plan.changes)} resources)",
            "update": f"would be updated ({count})",
            "none": "is as it should be",
        }[plan.action]
        print(f"{terminal.paint(plan.name, 'bold')} {head}")
        for note in plan.notes:
            print(f"  {terminal.paint(note, 'grey')}")
        for change in plan.changes:
            colour = "red" if change.loses else CHANGE_COLOURS.get(change.action, "yellow")
            lost = f"  LOSES {change.loses}" if change.loses else ""
            print(f"  {terminal.paint(change.line() + lost, colour)}")


def plan_as_json(plans: Sequence[StackPlan]) -> list[dict[str, object]]:
    """For ``--json``: the same, as data."""
    return [
        {
            "stack": plan.name,
            "action": plan.action,
            "notes": list(plan.notes),
            "changes": [
                {
                    "action": change.action,
                    "logical_id": change.logical_id,
                    "type": change.type,
                    "physical_id": change.physical_id,
                    "replacement": change.replacement,
                    "properties": list(change.because),
                    "loses": change.loses,
                }
                for change in plan.changes
            ],
        }
        for plan in plans
    ]
