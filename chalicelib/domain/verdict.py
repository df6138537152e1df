"""The words for how a job ends."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """``failed`` is the script's; ``errored`` is ours."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


class Cause(StrEnum):
    """Why a job errored or timed out."""

    IMAGE_MISSING = "image_missing"
    IMAGE_AUTH = "image_auth"
    IMAGE_PULL = "image_pull"
    IMAGE_ARCH = "image_arch"
    RUNNER_IMAGE_MISSING = "runner_image_missing"
    RUNNER_IMAGE_AUTH = "runner_image_auth"
    RUNNER_IMAGE_PULL = "runner_image_pull"
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"
    CONTAINER_START = "container_start"
    TASK_INIT = "task_init"
    PLATFORM = "platform"
    CAPACITY = "capacity"
    LAUNCH_REFUSED = "launch_refused"
    LAUNCH_TIMEOUT = "launch_timeout"
    QUEUE_TIMEOUT = "queue_timeout"
    NOT_STARTED = "not_started"
    CHECKOUT_FAILED = "checkout_failed"
    SECRET_MISSING = "secret_missing"
    RUNNER_NEVER_CLAIMED = "runner_never_claimed"
    RUNNER_LOST = "runner_lost"
    SPOT_INTERRUPTED = "spot_interrupted"
    HOST_LOST = "host_lost"
    WITNESS_MISMATCH = "witness_mismatch"
    WITNESS_MISSING = "witness_missing"
    TIMEOUT = "timeout"
    SILENCE = "silence"
