"""What can go wrong on the way into an account and out of it, in words."""

from __future__ import annotations


class DeployError(Exception):
    """Nothing was begun: what was asked for can't be done. The text says why and what to do."""


class DeployFailed(DeployError):  # noqa: N818 - what happened, not a fault of the program
    """It was begun and AWS did not carry it out. The text says the cause first."""


class Declined(DeployError):  # noqa: N818 - an answer, not a fault
    """The user was asked and did not agree, or could not be asked. Nothing was changed."""
