"""A CloudFormation over HTTP that enforces its rules and does what a test scripts.

It stands where no emulator is enough: failures and rollbacks in a given order, states that a
killed deploy leaves, refusals. Its words are those of CloudFormation.
"""

from tests.fakes.cloudformation_server.errors import CloudFormationError
from tests.fakes.cloudformation_server.server import CloudFormationServer
from tests.fakes.cloudformation_server.stacks import Failure

__all__ = ["CloudFormationError", "CloudFormationServer", "Failure"]
