"""What brings builds forward here: two FIFO queues and the table's changes, to the handlers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from towline.local.queue_pump import QueuePump
from towline.local.stream_pump import Item, StreamPump

if TYPE_CHECKING:
    from chalicelib.aws.clients import AwsClients
    from chalicelib.settings import Settings
    from towline.local.embedded_aws import EmbeddedAws
    from towline.local.local_github import LocalGitHub

Handler = Callable[[dict[str, Any], Any], Any]


def start_build_pumps(
    aws: EmbeddedAws, clients: AwsClients, settings: Settings, closing: ExitStack
) -> None:
    """Start them; ``closing`` ends them again. The queues and the table must be there."""
    from app import builder, notifier, outbox
    from towline.local.gateway import Context

    def called(handler: Handler) -> Callable[[dict[str, Any]], Any]:
        return lambda event: handler(event, Context())

    # One message at a time of each group, as the mappings of the FIFO queues do it.
    for name, url, handler in (
        ("builds", settings.builds_queue_url, builder),
        ("notices", settings.notices_queue_url, notifier),
    ):
        pump = QueuePump(name, clients.sqs, url, called(handler), batch=1)
        closing.callback(pump.close)
        aws.watch("sqs", pump.asked)
    stream = StreamPump(clients.dynamodb, settings.table, called(outbox), wanted=_of_builds)
    closing.callback(stream.close)
    aws.watch("dynamodb", stream.wrote)


def store_github(clients: AwsClients, settings: Settings, github: LocalGitHub) -> None:
    """Keep what GitHub is asked and believed with, where the service looks for it."""
    from chalicelib.aws.github_parameters import GitHubParameters

    parameters = GitHubParameters(clients, settings.prefix)
    for name, value in github.parameters.items():
        parameters.put(name, value)


def _of_builds(item: Item) -> bool:
    """The mapping's filter (infra/service/builds_functions.yaml)."""
    return "build" in item or item["sk"]["S"] == "build"
