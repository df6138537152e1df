"""What every port may raise."""

from __future__ import annotations


class ServiceTrouble(Exception):  # noqa: N818
    """An outside service did not do what was asked; worth retrying when ``retryable``."""

    def __init__(self, what: str, *, retryable: bool = True) -> None:
        super().__init__(what)
        self.retryable = retryable
