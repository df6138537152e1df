"""What the use cases need from the outside, as interfaces. Adapters implement them."""

from __future__ import annotations

from chalicelib.ports.backend import (
    Backend,
    Launched,
    LaunchOutcome,
    LaunchRequest,
    OwnedTask,
    Refused,
    TaskView,
    TryLater,
)
from chalicelib.ports.credentials import (
    ApiToken,
    CheckoutToken,
    CheckoutTokens,
    NoCheckoutToken,
    RegistryCredentials,
    RegistryLogin,
    Scope,
    SecretStore,
    ServerKey,
    TokenStore,
)
from chalicelib.ports.images import CannotTell, ImageFacts, ImageInspector, NoSuchImage, Platforms
from chalicelib.ports.jobs import (
    Conflict,
    IdempotencyMismatch,
    JobFilter,
    JobPage,
    JobQueue,
    JobStore,
    SpecStore,
)
from chalicelib.ports.logs import LogLink, LogRange, LogStore, UploadPermit
from chalicelib.ports.meter import Meter
from chalicelib.ports.trouble import ServiceTrouble

__all__ = [
    "ApiToken",
    "Backend",
    "CannotTell",
    "CheckoutToken",
    "CheckoutTokens",
    "Conflict",
    "IdempotencyMismatch",
    "ImageFacts",
    "ImageInspector",
    "JobFilter",
    "JobPage",
    "JobQueue",
    "JobStore",
    "LaunchOutcome",
    "LaunchRequest",
    "Launched",
    "LogLink",
    "LogRange",
    "LogStore",
    "Meter",
    "NoCheckoutToken",
    "NoSuchImage",
    "OwnedTask",
    "Platforms",
    "Refused",
    "RegistryCredentials",
    "RegistryLogin",
    "Scope",
    "SecretStore",
    "ServerKey",
    "ServiceTrouble",
    "SpecStore",
    "TaskView",
    "TokenStore",
    "TryLater",
    "UploadPermit",
]
