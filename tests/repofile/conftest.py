"""Properties are about values: a slow machine must not make one fail."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.repofile.shells import place

__all__ = ["place"]

settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")
