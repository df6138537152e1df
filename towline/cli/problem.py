"""A mistake that the user can mend: one sentence on stderr and exit status 2, no stack trace."""

from __future__ import annotations


class Problem(Exception):  # noqa: N818 - the user's mistake in words
    """What was wrong, where, and what to do."""
