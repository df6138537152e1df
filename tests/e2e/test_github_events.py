"""Not a push: a branch that is deleted while it is built, a repository with another name."""

from __future__ import annotations

import pytest

from tests.e2e.github_hub import INSTALLATION, Hub, one_job
from tests.fakes.github_server import payloads

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("github")]

SCHEDULE = "schedule:\n  nightly:\n    cron: '30 3 * * *'\n"


def test_a_deleted_branch_ends_its_container_and_a_new_name_changes_nothing(hub: Hub) -> None:
    kept = hub.repository("acme/kept", installation=INSTALLATION)
    main = kept.commit({".towline.yml": one_job(hub, "echo built") + SCHEDULE})
    topic = kept.commit({".towline.yml": one_job(hub, "sleep 600")})
    gone = hub.push(kept, topic, ref="refs/heads/topic")
    hub.wait(lambda: kept.checks(topic).get("towline/only", {}).get("status") == "in_progress")
    deletion = payloads.push(kept.fake, payloads.NOWHERE, ref="refs/heads/topic", before=topic)
    assert hub.deliver("push", deletion)["status"] == 202
    checks = hub.completed(kept, topic, gone)
    assert {run["conclusion"] for run in checks.values()} == {"cancelled"}
    assert "the branch topic was deleted" in checks["towline"]["output"]["title"]
    [job] = hub.build(gone)["jobs"]
    assert job["verdict"] == "cancelled"

    world = hub.github.world
    world.repositories["acme/renamed"] = world.repositories.pop("acme/kept")
    world.renamed["acme/kept"] = kept.fake.name = "acme/renamed"
    renamed = {**payloads.common(kept.fake), "action": "renamed"}
    assert hub.deliver("repository", renamed)["status"] == 202
    checks = hub.completed(kept, main, hub.push(kept, main))
    assert {run["conclusion"] for run in checks.values()} == {"success"}
    shown = hub.towline("project", "show", "acme/kept").out.decode()
    assert "acme/renamed at present" in shown
    assert "30 3 * * * (UTC), the default branch; next 20" in shown
