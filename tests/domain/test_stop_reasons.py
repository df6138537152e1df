"""Engines' words and what they mean; messages as engines write them, whole and cut short."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.evidence import FailedContainer
from chalicelib.domain.reason_table import FIRST_ROWS, GENERIC, OTHER_ROWS, PULL_ROWS, STOP_CODES
from chalicelib.domain.stop_reasons import Subject, classify, classify_text
from chalicelib.domain.verdict import Cause
from tests.domain.engine_messages import DOCKER, DOCKER_START, ECR, FARGATE
from tests.domain.samples import stop


@pytest.mark.parametrize("where", ["reason", "job_container_reason"])
@pytest.mark.parametrize(("message", "cause", "retryable"), FARGATE)
def test_fargates_words_have_their_cause_in_either_place(
    message: str, cause: Cause, retryable: bool, where: str
) -> None:
    said: dict[str, Any] = {where: message}
    found = classify(stop(None, **said), job_image="acme/web:1")
    assert (found.cause, found.retryable) == (cause, retryable)


@pytest.mark.parametrize(("message", "cause", "retryable"), FARGATE)
def test_case_and_apostrophes_do_not_matter(message: str, cause: Cause, retryable: bool) -> None:
    for spelt in (message.upper(), message.lower(), message.replace("\u2019", "'")):
        found = classify(stop(None, reason=spelt), job_image="acme/web:1")
        assert (found.cause, found.retryable) == (cause, retryable)


@pytest.mark.parametrize(("message", "cause", "retryable"), DOCKER)
def test_the_docker_engines_words_about_a_pull_have_their_cause(
    message: str, cause: Cause, retryable: bool
) -> None:
    found = classify_text(message, subject=Subject.JOB, of_pull=True)
    assert (found.cause, found.retryable) == (cause, retryable)


@pytest.mark.parametrize(("message", "cause", "retryable"), DOCKER_START)
def test_the_docker_engines_words_about_a_start_have_their_cause(
    message: str, cause: Cause, retryable: bool
) -> None:
    found = classify_text(message, subject=Subject.JOB)
    assert (found.cause, found.retryable) == (cause, retryable)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("CannotPullContainerError: x: failed to resolve ref a/b:1: a/b:1: not fo", "missing"),
        ("The task can\u2019t pull the image. Check that the role has the per", "auth"),
        ("OutOfMemoryError: Container killed due to mem", "memory"),
        ("Timeout waiting for network interface provis", "platform"),
        ("CannotPullContainerError: dial tcp 10.0.0.1:443: i/o tim", "pull"),
        ("CannotPullContainerError: image Manifest does not contain descriptor matc...", "arch"),
        ("CannotPullContainerError: failed to resolve ref a/b", "pull"),
    ],
)
def test_a_message_that_was_cut_short_is_understood(message: str, cause: str) -> None:
    causes = {
        "missing": Cause.IMAGE_MISSING,
        "auth": Cause.IMAGE_AUTH,
        "memory": Cause.OUT_OF_MEMORY,
        "platform": Cause.PLATFORM,
        "pull": Cause.IMAGE_PULL,
        "arch": Cause.IMAGE_ARCH,
    }
    assert classify(stop(None, reason=message), job_image="a/b:1").cause is causes[cause]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Essential container in task exited",
        "Task stopped by user",
        "Task failed to start",
        "Scaling activity initiated by deployment",
        "connection refused",
        "denied: by our own policy",
    ],
)
def test_words_that_name_no_cause_give_none(words: str) -> None:
    found = classify(stop(137, reason=words, stop_code="EssentialContainerExited"))
    assert found.cause is None
    assert not found.retryable


def test_an_exit_code_alone_proves_nothing() -> None:
    assert classify(stop(137)).cause is None


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("SpotInterruption", Cause.SPOT_INTERRUPTED),
        ("TerminationNotice", Cause.SPOT_INTERRUPTED),
        ("InfrastructureHealth", Cause.HOST_LOST),
    ],
)
def test_a_stop_code_that_is_a_cause_outranks_words(code: str, cause: Cause) -> None:
    found = classify(stop(137, stop_code=code, reason="Task stopped by user"))
    assert (found.cause, found.retryable) == (cause, True)


@pytest.mark.parametrize(
    "code",
    ["TaskFailedToStart", "EssentialContainerExited", "UserInitiated", "ServiceSchedulerInitiated"],
)
def test_the_other_stop_codes_leave_it_to_the_words(code: str) -> None:
    assert code not in STOP_CODES
    found = classify(stop(None, stop_code=code, reason="manifest unknown"), job_image="x")
    assert found.cause is Cause.IMAGE_MISSING


def test_the_engines_own_flag_tells_of_memory() -> None:
    assert classify(stop(137, oom_killed=True)).cause is Cause.OUT_OF_MEMORY


def test_a_generic_reason_gives_way_to_the_containers_own() -> None:
    found = classify(
        stop(None, reason="Task failed to start", job_container_reason="manifest unknown"),
        job_image="x",
    )
    assert (found.cause, found.text) == (Cause.IMAGE_MISSING, "manifest unknown")


MISSING = "CannotPullContainerError: manifest unknown"
RUNNER = f"{ECR}/towline/runner@sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("seen", "job_image", "cause"),
    [
        ({"job_container_reason": MISSING}, "debian:12", Cause.IMAGE_MISSING),
        # Without an image of its own the job runs in the runner's.
        ({"job_container_reason": MISSING}, None, Cause.RUNNER_IMAGE_MISSING),
        ({"reason": MISSING}, None, Cause.RUNNER_IMAGE_MISSING),
        (
            {"other_containers": (FailedContainer(name="payload", reason=MISSING),)},
            "debian:12",
            Cause.RUNNER_IMAGE_MISSING,
        ),
        (
            {"reason": f"{MISSING}: docker.io/library/debian:12"},
            "debian:12",
            Cause.IMAGE_MISSING,
        ),
        ({"reason": f"{MISSING}: {RUNNER}"}, "debian:12", Cause.RUNNER_IMAGE_MISSING),
        # Cut before the digest, the repository still tells.
        ({"reason": f"{MISSING}: {ECR}/towline/runner"}, "debian:12", Cause.RUNNER_IMAGE_MISSING),
        ({"reason": MISSING}, "debian:12", Cause.IMAGE_MISSING),
        # A name within a longer name is another image.
        ({"reason": f"{MISSING}: my-{RUNNER}-old"}, "debian:12", Cause.IMAGE_MISSING),
        (
            {"reason": "CannotPullContainerError: pull access denied"},
            None,
            Cause.RUNNER_IMAGE_AUTH,
        ),
        (
            {"reason": "CannotPullContainerError: i/o timeout"},
            None,
            Cause.RUNNER_IMAGE_PULL,
        ),
    ],
)
def test_a_failed_pull_has_its_subject(
    seen: dict[str, Any], job_image: str | None, cause: Cause
) -> None:
    found = classify(stop(None, **seen), job_image=job_image, runner_image=RUNNER)
    assert found.cause is cause
    assert found.subject is (Subject.RUNNER if cause.value.startswith("runner_") else Subject.JOB)


def test_a_repository_with_a_port_is_no_tag() -> None:
    words = f"{MISSING}: 127.0.0.1:5000/team/app"
    found = classify(
        stop(None, reason=words),
        job_image="127.0.0.1:5000/team/app:9",
        runner_image="127.0.0.1:5000/runner:9",
    )
    assert found.cause is Cause.IMAGE_MISSING


def test_an_unknown_answer_to_a_pull_is_worth_another_try() -> None:
    found = classify_text("gremlins", subject=Subject.RUNNER, of_pull=True)
    assert (found.cause, found.retryable) == (Cause.RUNNER_IMAGE_PULL, True)
    assert classify_text("gremlins", subject=Subject.JOB).cause is None


def test_the_text_is_kept_short_for_people() -> None:
    found = classify(stop(None, reason=f"manifest unknown\n{'x' * 5000}"), job_image="a")
    assert len(found.text) == 500
    assert found.text.startswith("manifest unknown x")


def test_every_row_can_be_reached() -> None:
    """A row behind a more general one would be dead."""
    for row in (*FIRST_ROWS, *PULL_ROWS, *OTHER_ROWS):
        message = " ... ".join(row.words)
        found = classify_text(message, subject=Subject.JOB, of_pull=row.pull)
        assert (found.cause, found.retryable) == (row.cause, row.retryable), row


def test_generic_words_match_no_row() -> None:
    for words in GENERIC:
        assert classify_text(words, subject=Subject.JOB).cause is None
