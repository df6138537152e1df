"""GitHub over real HTTP, as its published description has it: it refuses what GitHub refuses.

With the description (``description.py``) every request is checked against it and every answer is
its example with the fake's own values put in; without it answers hold what the client reads.
"""

from tests.fakes.github_server.description import Description
from tests.fakes.github_server.faults import Fault, bad_gateway, primary_limit, secondary_limit
from tests.fakes.github_server.server import GitHubServer, Record
from tests.fakes.github_server.world import FakeCommit, FakePullRequest, FakeRepository, World

__all__ = [
    "Description",
    "FakeCommit",
    "FakePullRequest",
    "FakeRepository",
    "Fault",
    "GitHubServer",
    "Record",
    "World",
    "bad_gateway",
    "primary_limit",
    "secondary_limit",
]
