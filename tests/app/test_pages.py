"""Pages over HTTP: what their key opens, and what it does not."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from chalice.test import Client, HTTPResponse

import app
from chalicelib import wiring
from chalicelib.build_ports import BuildPage, BuildSide
from chalicelib.domain.build import BuildState, JobState
from chalicelib.domain.build_record import BuildEntry, BuildRecord
from chalicelib.domain.evidence import LogSummary
from chalicelib.domain.job import Job
from chalicelib.pages.document import HEADERS
from chalicelib.ports import ServiceTrouble
from chalicelib.usecases.credentials import claim_token
from chalicelib.usecases.dispatcher import Dispatcher
from chalicelib.usecases.view_keys import Viewed, view_key, view_url
from tests.app.caller import Caller
from tests.domain import samples
from tests.pages.reader import Reader
from tests.usecases.world import SETTINGS, World, a_report


def get(path: str) -> HTTPResponse:
    """As a browser asks: without any token."""
    with Client(app.app) as client:
        return client.http.get(path, headers={"Accept": "text/html"})


def page_of(path: str) -> Reader:
    answer = get(path)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    return Reader(answer.body.decode())


def refused(path: str) -> None:
    """404, with the page that every refusal has."""
    answer = get(path)
    assert answer.status_code == 404
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert Reader(answer.body.decode()).within("h1") == ["Nothing here"]


def job_path(world: World, job_id: str, what: Viewed = Viewed.JOB) -> str:
    url = view_url("https://x.test", world.key, what, job_id)
    return urlsplit(url).path + "?" + urlsplit(url).query


def job_with_log(world: World, *chunks: bytes) -> Job:
    """It runs, and so much of its log has come and is known of."""
    job = world.running(name="unit")
    offset = 0
    for number, chunk in enumerate(chunks):
        key = f"logs/{job.id}/1/{offset:015d}-{number:08d}-{len(chunk)}.gz"
        body = gzip.compress(chunk)
        world.clients.s3().put_object(Bucket="towline-logs", Key=key, Body=body)
        offset += len(chunk)
    world.beat(job, world.lease(job), log_bytes=offset)
    return job


def test_the_key_in_a_link_opens_the_page_to_a_browser_without_a_token(world: World) -> None:
    job = job_with_log(world, b"<b>hello</b>\n")
    read = page_of(job_path(world, job.id))
    assert read.within("title") == ["running: unit (default)"]
    assert read.within("pre") == ["<b>hello</b>\n"]


def test_no_other_key_opens_it_and_all_refusals_look_alike(world: World) -> None:
    """Another job's, a build's, a claim token, none; and a job that is not there, with its key."""
    job, other = world.submit(), world.submit()
    key = view_key(world.key, Viewed.JOB, job.id)
    wrong = [
        view_key(world.key, Viewed.JOB, other.id),
        view_key(world.key, Viewed.BUILD, job.id),
        view_key(b"another server's key", Viewed.JOB, job.id),
        claim_token(world.key, job.id, 1),
        key[:-1],
        key.upper(),
        "\u00e9",
        "",
    ]
    for shown in wrong:
        refused(f"/jobs/{job.id}/view?key={quote(shown)}")
        refused(f"/jobs/{job.id}/view/log?key={quote(shown)}")
        if shown != view_key(world.key, Viewed.BUILD, job.id):
            refused(f"/builds/{job.id}/view?key={quote(shown)}")
    refused(f"/jobs/{job.id}/view")
    refused(job_path(world, "0" * 26))
    refused(job_path(world, "no-id"))
    refused(f"/jobs/{job.id}/view?key={key}&attempt=9")
    refused(f"/jobs/{job.id}/view?key={key}&offset=-1")
    refused(f"/jobs/{job.id}/view?key={key}&unknown=1")
    assert get(f"/jobs/{job.id}/view?key={key}").status_code == 200


def test_a_page_s_key_opens_nothing_else(world: World) -> None:
    """It is no token: what it shows can't be cancelled or rerun with it."""
    job = world.submit()
    key = view_key(world.key, Viewed.JOB, job.id)
    assert Caller(key)("GET", f"/jobs/{job.id}").status == 401
    assert Caller(None)("POST", f"/jobs/{job.id}/cancel?key={key}").status == 401


def test_a_wrong_key_costs_no_read_of_the_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> Any:
        raise AssertionError("read for a wrong key")

    monkeypatch.setattr(Dispatcher, "get", never)
    refused(f"/jobs/{'0' * 26}/view?key={'0' * 64}")


def test_a_long_log_shows_its_end_and_ways_to_the_rest(world: World) -> None:
    """From the beginning of a line; every byte can be reached by following the links."""
    lines = [f"line {number:06d}\n".encode() for number in range(12_000)]
    text = b"".join(lines)
    parts = [text[begin : begin + 50_000] for begin in range(0, len(text), 50_000)]
    job = job_with_log(world, *parts)
    path = job_path(world, job.id)
    read = page_of(path)
    [shown] = read.within("pre")
    assert shown.startswith("line ")
    assert shown.endswith("line 011999\n")
    assert 60_000 < len(shown) <= 65_536
    earlier = path.partition("?")[0] + read.links[0].partition("#")[0]
    before = page_of(earlier)
    assert "line 011999" not in before.text
    assert len(before.links) == 2
    begin = path + "&attempt=1&offset=0"
    seen = ""
    for _ in range(len(text) // 60_000 + 2):
        read = page_of(begin)
        seen += "".join(read.within("pre"))
        if not read.links:
            break
        begin = path.partition("?")[0] + read.links[-1].partition("#")[0]
        if "offset=0&" in begin or begin.endswith("offset=0"):
            break
    assert seen.encode() == text


def finished(world: World, *, archived: bool) -> Job:
    job = job_with_log(world, b"\x1b[31mred\x1b[0m\n")
    log = LogSummary(bytes=13, chunks=1, sha256="0", archived=archived)
    world.report(job, world.lease(job), a_report(0, log=log))
    return world.stop(job, 0)


def test_the_whole_log_is_a_link_to_its_archive(world: World) -> None:
    job = finished(world, archived=True)
    key = f"logs/{job.id}/1/log.gz"
    world.clients.s3().put_object(Bucket="towline-logs", Key=key, Body=gzip.compress(b"x" * 13))
    read = page_of(job_path(world, job.id))
    assert read.within("pre") == ["\n"]
    assert "red" in read.text
    [whole] = read.links
    assert whole.startswith("./view/log?key=")
    answer = get(f"/jobs/{job.id}/{whole.removeprefix('./')}")
    assert answer.status_code == 302
    assert f"/{key}?" in answer.headers["Location"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_without_an_archive_there_is_no_link_to_it(world: World) -> None:
    job = finished(world, archived=False)
    path = job_path(world, job.id)
    assert not page_of(path).links
    refused(path.replace("/view?", "/view/log?"))


def test_a_service_in_memory_gives_the_whole_log_as_text(world: World) -> None:
    job = finished(world, archived=True)
    settings = replace(SETTINGS, log_links=False)
    world.dispatcher = wiring.build(
        settings, world.clients, backend=world.backend, queue=world.queue, clock=world.clock
    )
    wiring.use(world.dispatcher)
    key = world.dispatcher.collaborators.server_key.key()
    answer = get(f"/jobs/{job.id}/view/log?key={view_key(key, Viewed.JOB, job.id)}")
    assert (answer.status_code, answer.body) == (200, b"red\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_trouble_is_a_page_that_comes_again_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Any:
        raise ServiceTrouble("the table is away: a secret name")

    job = world.submit()
    path = job_path(world, job.id)
    monkeypatch.setattr(Dispatcher, "get", away)
    answer = get(path)
    assert answer.status_code == 503
    assert b"secret" not in answer.body
    assert b'http-equiv="refresh"' in answer.body


# --- builds and badges ---------------------------------------------------------------------------


@dataclass
class Builds:
    """``build_ports.BuildStore``, as far as pages read it."""

    newest: list[BuildRecord]

    def get(self, build_id: str) -> BuildRecord | None:
        return next((build for build in self.newest if build.id == build_id), None)

    def page(self, project: str | None, *, limit: int, cursor: str | None = None) -> BuildPage:
        return BuildPage(tuple(build for build in self.newest if build.project == project))


def with_builds(world: World, *newest: BuildRecord) -> None:
    side = BuildSide(**dict.fromkeys(BuildSide.__slots__))  # type: ignore[arg-type]
    co = replace(
        world.dispatcher.collaborators,
        builds=replace(side, store=Builds(list(newest))),  # type: ignore[arg-type]
    )
    wiring.use(Dispatcher(co))


def a_build(**fields: Any) -> BuildRecord:
    base = {
        "id": samples.JOB_ID,
        "project": "acme/web",
        "repository_id": 1,
        "repository_name": "Acme/Web",
        "kind": "push",
        "ref": "refs/heads/main",
        "branch": "main",
        "sha": "a" * 40,
        "commit": "a" * 40,
        "title": "Mend it",
        "created_at": samples.NOW,
        "updated_at": samples.NOW,
    }
    return BuildRecord.model_validate({**base, **fields})


def test_a_build_and_its_jobs_lead_to_each_other(world: World) -> None:
    job = world.submit()
    entry = BuildEntry(state=JobState.QUEUED, job_id=job.id)
    build = a_build(jobs={"unit": entry})
    with_builds(world, build)
    path = job_path(world, build.id, Viewed.BUILD)
    read = page_of(path)
    assert read.within("title") == ["pending: Mend it (Acme/Web)"]
    commit, to_job = read.links
    assert commit == f"https://github.com/Acme/Web/commit/{'a' * 40}"
    assert urljoin(f"https://x.test/api{path}", to_job) == (
        f"https://x.test/api{job_path(world, job.id)}"
    )


def test_a_service_without_builds_shows_none(world: World) -> None:
    refused(job_path(world, samples.JOB_ID, Viewed.BUILD))


def words(path: str) -> str:
    answer = get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    [title] = Reader(answer.body.decode()).within("title")
    return title


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (BuildState.PENDING, "running"),
        (BuildState.RUNNING, "running"),
        (BuildState.PASSED, "passing"),
        (BuildState.FAILED, "failing"),
        (BuildState.ERRORED, "failing"),
        (BuildState.CANCELLED, "unknown"),
    ],
)
def test_a_badge_is_the_last_push_s_state(world: World, state: BuildState, word: str) -> None:
    world.dispatcher.put_project("acme/web", {"public_badge": True})
    with_builds(world, a_build(branch="other"), a_build(state=state))
    assert words("/badges/Acme/Web.svg?branch=main") == f"build: {word}"


def test_a_badge_says_nothing_of_what_it_may_not_tell(world: World) -> None:
    """A project that does not allow it, none, no build, another branch; and no .svg at its end."""
    passed = a_build(state=BuildState.PASSED)
    with_builds(world, passed)
    assert words("/badges/acme/web.svg") == "build: unknown"
    world.dispatcher.put_project("acme/web", {"public_badge": True})
    with_builds(world, passed)
    assert words("/badges/acme/web.svg") == "build: passing"
    for path in ("acme/web", "acme/none.svg", "web.svg", "acme/web.svg?branch=gone", ".svg"):
        assert words(f"/badges/{path}") == "build: unknown"
    with_builds(world)
    assert words("/badges/acme/web.svg") == "build: unknown"
    wiring.use(world.dispatcher)
    assert words("/badges/acme/web.svg") == "build: unknown"
