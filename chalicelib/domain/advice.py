"""What to do next, for each cause and verdict, as data. ``towline show`` prints it."""

from __future__ import annotations

from chalicelib.domain.verdict import Cause, Verdict

BY_CAUSE: dict[Cause, str] = {
    Cause.IMAGE_MISSING: "Check the spelling of the image and its tag, and that it was pushed.",
    Cause.IMAGE_AUTH: "Check that the image exists and that this deployment may pull it; a private "
    "one needs --registry-credentials.",
    Cause.IMAGE_PULL: "Check that the registry answers; then run the job again.",
    Cause.IMAGE_ARCH: "Ask for the architecture that the image is for (--arch), or build it for "
    "the one asked for.",
    Cause.RUNNER_IMAGE_MISSING: "Not your fault: the runner's image is missing in the registry. "
    "An operator restores it or rolls the release back.",
    Cause.RUNNER_IMAGE_AUTH: "Not your fault: the runner's image may not be pulled. An operator "
    "checks the execution role and the registry's credentials.",
    Cause.RUNNER_IMAGE_PULL: "Not your fault: the runner's image could not be pulled. An operator "
    "checks that the registry can be reached; then run the job again.",
    Cause.OUT_OF_MEMORY: "Give the job more memory (--memory), or let it use less.",
    Cause.DISK_FULL: "Let the image or the job need less space, or give the job more of it.",
    Cause.CONTAINER_START: "Read the engine's words above: often it is the user or the image.",
    Cause.TASK_INIT: "Not your fault: an operator checks the execution role's permissions and the "
    "network's way to the registry, the secrets and the logs.",
    Cause.PLATFORM: "Not your fault: the platform could not start the task. Run the job again.",
    Cause.CAPACITY: "Not your fault: there was no capacity. Run the job again later.",
    Cause.LAUNCH_REFUSED: "Not the script's fault: it can't be launched as it was asked for. Read "
    "the words above; an operator checks the deployment's settings.",
    Cause.LAUNCH_TIMEOUT: "Run the job again; if it stays so, an operator checks that containers "
    "can reach the service.",
    Cause.QUEUE_TIMEOUT: "Run the job again when there is less to do, or allow it to wait longer.",
    Cause.NOT_STARTED: "Read the words above: the user, the folder or the program to run.",
    Cause.CHECKOUT_FAILED: "Read the words above and the log: it is the repository's address, the "
    "commit, or the token that should read it (towline github show --project tries that). Then run "
    "the job again.",
    Cause.SECRET_MISSING: "Store the secret (towline secret), then run the job again.",
    Cause.RUNNER_NEVER_CLAIMED: "Run the job again; if it stays so, an operator checks that "
    "containers can reach the service.",
    Cause.RUNNER_LOST: "Run the job again. If it stays so, look whether the script ends processes "
    "that are not its own. --retry-lost does it by itself.",
    Cause.SPOT_INTERRUPTED: "Run the job again; --retry-lost does it by itself, the last time "
    "on demand.",
    Cause.HOST_LOST: "Run the job again; --retry-lost does it by itself.",
    Cause.WITNESS_MISMATCH: "Run the job again, and tell an operator: the two witnesses must "
    "never differ, so one of them is wrong.",
    Cause.WITNESS_MISSING: "Run the job again: the report alone is not enough for a verdict.",
    Cause.TIMEOUT: "Make it faster, or allow it more time (--timeout).",
    Cause.SILENCE: "Let it print something now and then, or allow more silence "
    "(--silence-timeout).",
}

SETUP_FAILED = "Read the end of the log (towline log): the setup failed, so the script was not run."

BY_VERDICT: dict[Verdict, str] = {
    Verdict.PASSED: "Nothing to do.",
    Verdict.FAILED: "Read the end of the log (towline log): the script itself failed.",
    Verdict.ERRORED: "Run the job again.",
    Verdict.CANCELLED: "Run the job again if it is still wanted (towline rerun).",
    Verdict.TIMED_OUT: "Make it faster, or allow it more time (--timeout).",
}
