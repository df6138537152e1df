"""How a job's container reaches the relay on this machine."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from towline.backends.docker_engine import EngineRefusal, engine_errors

if TYPE_CHECKING:
    from towline.backends.docker_engine import Engine

HOST_NAME = "host.docker.internal"
_SIOCGIFADDR = 0x8915  # "man 7 netdevice"


@dataclass(frozen=True, slots=True)
class Route:
    """``network`` for the containers, ``bind`` for the relay, ``name`` for the runner's address."""

    network: str
    bind: str
    name: str


def route_to_here(engine: Engine) -> Route:
    """The bridge's own address where there is one, so that the relay listens nowhere else.

    Without a bridge network (an engine started with ``--bridge=none``) containers share this
    machine's network. Where the engine's bridge is in a virtual machine (Docker Desktop), the
    engine forwards a name of its own to this machine's loopback.
    """
    try:
        with engine_errors():
            bridge: dict[str, Any] = engine.api.inspect_network("bridge")
    except EngineRefusal as refusal:
        if refusal.status != 404:
            raise
        return Route("host", "127.0.0.1", "127.0.0.1")
    address = _address_of(bridge)
    if address is not None and _is_ours(address):
        return Route("bridge", address, address)
    return Route("bridge", "127.0.0.1", HOST_NAME)


def _address_of(bridge: dict[str, Any]) -> str | None:
    interface = (bridge.get("Options") or {}).get("com.docker.network.bridge.name")
    if interface and sys.platform == "linux":
        address = interface_address(interface)
        if address:
            return address
    for config in (bridge.get("IPAM") or {}).get("Config") or ():
        gateway = config.get("Gateway")
        if gateway and ipaddress.ip_address(gateway).version == 4:
            return str(gateway)
    return None


def interface_address(interface: str) -> str | None:
    """The IPv4 address of a network interface of this machine, or None."""
    import fcntl

    request = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            answer = fcntl.ioctl(asker.fileno(), _SIOCGIFADDR, request)
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


def _is_ours(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as prober:
        try:
            prober.bind((address, 0))
        except OSError:
            return False
    return True
