"""One embedded service for the tests of this folder: starting it takes most of a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from towline.local.service import LocalService


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    """A service with the process backend."""
    started = LocalService.start("process")
    yield started
    started.close()
