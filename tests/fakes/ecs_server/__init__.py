"""An ECS over HTTP that enforces its rules and starts real containers.

It stands where moto is too forgiving: moto starts nothing, ignores client tokens and emits no
events. Real ECS is slower and knows more; what it refuses is in ``launch_rules`` and
``definition_rules``, each with the words that it uses.
"""

from tests.fakes.ecs_server.errors import EcsError
from tests.fakes.ecs_server.server import EcsServer

__all__ = ["EcsError", "EcsServer"]
