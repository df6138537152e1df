"""Permits of a role that is assumed: in the claim, in heartbeats, and while STS is in trouble."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib import wiring
from chalicelib.aws.upload_role import UploadRole
from chalicelib.domain.job import Job, State
from chalicelib.ports import ServiceTrouble
from tests.usecases.world import NONCE, OTHER_NONCE, SETTINGS, World

ROLE = "arn:aws:iam::123456789012:role/towline-dev-uploads"


@pytest.fixture
def deployed(world: World) -> World:
    """The world with an upload role in its settings."""
    world.dispatcher = wiring.build(
        replace(SETTINGS, upload_role_arn=ROLE),
        world.clients,
        backend=world.backend,
        queue=world.queue,
        meter=world.figures,
        clock=world.clock,
        random_bytes=world.random_bytes,
    )
    return world


def _trouble(_: UploadRole) -> None:
    raise ServiceTrouble("could not assume the upload role: AWS answered ServiceUnavailable")


@pytest.fixture
def sts_away(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(UploadRole, "_assume", _trouble)
    return monkeypatch


def _running(world: World) -> tuple[Job, str]:
    job = world.launched()
    return world.get(job.id), str(world.claim(job)["lease"])


def test_the_claims_permit_is_the_roles(deployed: World) -> None:
    permit = deployed.claim(deployed.launched())["permit"]
    assert permit["fields"]["x-amz-credential"].startswith("ASIA")
    assert permit["fields"]["x-amz-security-token"]
    assert permit["expires_in_s"] <= 3600


def test_a_claim_that_finds_no_permit_can_be_repeated_by_the_same_runner_alone(
    deployed: World, sts_away: pytest.MonkeyPatch
) -> None:
    job = deployed.launched()
    with pytest.raises(ServiceTrouble):
        deployed.claim(job)
    sts_away.undo()
    with pytest.raises(Exception, match="another runner has this attempt"):
        deployed.claim(job, nonce=OTHER_NONCE)
    assert deployed.claim(job, nonce=NONCE)["permit"]["prefix"] == f"logs/{job.id}/1/"


def test_fresh_permits_come_before_half_of_the_shortest_that_a_claim_can_bring(
    deployed: World,
) -> None:
    job, lease = _running(deployed)
    renew_after_s = deployed.dispatcher.collaborators.logs.permit_renew_after_s
    assert 600 < renew_after_s <= 900
    deployed.wait(renew_after_s - 1)
    assert deployed.beat(job, lease)["permit"] is None
    deployed.wait(1)
    assert deployed.beat(job, lease)["permit"]["fields"]["x-amz-security-token"]


def test_a_heartbeat_without_a_permit_still_renews_the_lease_and_tells_of_a_cancel(
    deployed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, lease = _running(deployed)
    monkeypatch.setattr(UploadRole, "_left_s", lambda _: 0.0)
    monkeypatch.setattr(UploadRole, "_assume", _trouble)
    deployed.wait(1000)
    deployed.dispatcher.cancel(job.id)
    assert deployed.beat(job, lease) == {"cancel": True, "permit": None}
    attempt = deployed.get(job.id).current
    assert attempt is not None
    assert attempt.lease_until is not None
    assert attempt.lease_until > deployed.now
    assert deployed.get(job.id).state is State.RUNNING
    assert deployed.figures.counts["PermitsLate"] == 1
