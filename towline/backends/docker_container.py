"""What a job's container is created with, in the words of the engine's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.ports import LaunchRequest
from towline.backends.docker_engine import EngineFacts

if TYPE_CHECKING:
    from towline.runner_build import RunnerImage

OWNER_LABEL = "towline.owner"
HOST_NAME = "host.docker.internal"
"""How a container on a bridge calls the machine that the engine runs on."""

NO_NETWORK_OF_ITS_OWN = ("host", "none")
CONSOLE_BYTES = "1m"
"""The engine's own copy of the output is not used; it is kept small, whatever writes to it."""


def owner_label(owner: str) -> str:
    """The filter that finds all containers of one owner."""
    return f"{OWNER_LABEL}={owner}"


def container_settings(
    request: LaunchRequest,
    *,
    owner: str,
    runner: RunnerImage,
    image: Mapping[str, Any],
    facts: EngineFacts,
    runner_url: str,
    network: str,
    host_options: Mapping[str, Any],
) -> dict[str, Any]:
    """The body of ``POST /containers/create``.

    It starts as root whatever the image says, as the runner drops to the job's user itself; the
    image's own user is told to it. ``cpu`` beyond what the machine has is cut to that: an engine
    refuses more. Memory and swap together are the limit, as on Fargate, where there is no swap.
    ``host_options`` are further words of ``HostConfig``.
    """
    environment = {
        "TOWLINE_URL": runner_url,
        "TOWLINE_JOB": request.job_id,
        "TOWLINE_TOKEN": request.token,
        "TOWLINE_CONSOLE": "off",
    }
    if request.image is not None:
        environment |= _of_the_image(image.get("Config") or {})
    return {
        "Image": image["Id"],
        "User": "0:0",
        "Entrypoint": list(runner.entrypoint),
        "Cmd": [],
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": {
            OWNER_LABEL: owner,
            "towline.job": request.job_id,
            "towline.attempt": str(request.attempt),
            "towline.try": str(request.launch_try),
        },
        # An image may name another signal; the runner waits for this one.
        "StopSignal": "SIGTERM",
        "StopTimeout": request.stop_timeout_s,
        "OpenStdin": False,
        "Tty": False,
        # An image's health check would run beside the job.
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "Binds": _binds(request, runner),
            "NetworkMode": network,
            "ExtraHosts": [] if network in NO_NETWORK_OF_ITS_OWN else [f"{HOST_NAME}:host-gateway"],
            "LogConfig": {
                "Type": "json-file",
                "Config": {"max-size": CONSOLE_BYTES, "max-file": "1"},
            },
            "RestartPolicy": {"Name": "no"},
            **_limits(request, facts),
            **host_options,
        },
    }


def _of_the_image(config: Mapping[str, Any]) -> dict[str, str]:
    """What the image says of itself that is for the script, and not for the runner before it.

    A library that the image preloads is one of its own C library; the runner brings another.
    """
    told = {}
    if config.get("User"):
        told["TOWLINE_IMAGE_USER"] = config["User"]
    for word in config.get("Env") or ():
        name, _, value = word.partition("=")
        if name == "LD_PRELOAD" and value:
            told |= {"LD_PRELOAD": "", "TOWLINE_IMAGE_LD_PRELOAD": value}
    return told


def _binds(request: LaunchRequest, runner: RunnerImage) -> list[str]:
    """The runner's folder, for an image that is not the runner's own and so lacks it."""
    return [] if request.image is None else [f"{runner.volume}:{runner.folder}:ro,nocopy"]


def _limits(request: LaunchRequest, facts: EngineFacts) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if facts.limits_cpu:
        limits["NanoCpus"] = int(min(request.cpu, facts.cpus) * 1_000_000_000)
    if facts.limits_memory:
        limits["Memory"] = request.memory_mib << 20
        if facts.limits_swap:
            limits["MemorySwap"] = limits["Memory"]
    if facts.limits_pids and request.pids_limit is not None:
        limits["PidsLimit"] = request.pids_limit
    return limits
