"""What the other threads have to tell the main one."""

from __future__ import annotations

from towline_runner.signals import Bell


class Facts:
    """Each is set once, by one thread, and never taken back. The main thread is woken by each."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self.cancel = False
        self.lease_lost = False
        self.owner_lost = False
        self.output_ended = False
        self.log_delivered = False

    def tell(self, name: str) -> None:
        """Set the fact ``name`` and wake the main thread."""
        setattr(self, name, True)
        self._bell.ring()
