"""A GitHub and a service that know each other: both as processes speak to them, over sockets."""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
from cryptography import x509

from tests.e2e.conftest import DEADLINE_S, Ran, environment
from tests.e2e.trusting_image import trusting_image
from tests.fakes.git_repository import Repository
from tests.fakes.github_server import Description, FakeRepository, Fault, GitHubServer, payloads
from tests.github.conftest import make_keys
from tests.runner.test_https import certificate_for
from towline.backends.docker_engine import Engine
from towline.local.docker_network import route_to_here

WEBHOOK_SECRET = "what GitHub signs with"
APP = "4711"
INSTALLATION = 7


@dataclass
class Hosted:
    """One repository: real git, and what GitHub says of it."""

    git: Repository
    fake: FakeRepository
    last: str = payloads.NOWHERE

    def commit(self, files: dict[str, str], message: str = "a change") -> str:
        """A commit on main, pushed to GitHub's git. Whoever is to know of it is told by ``push``"""
        self.last = self.git.pushed(files, message)
        return self.last

    def checks(self, sha: str) -> dict[str, dict[str, Any]]:
        """The newest check run of each name on a commit, as its page shows them."""
        found = sorted(self.fake.check_runs.items())
        return {run["name"]: run for _, run in found if run["head_sha"] == sha}

    def statuses(self, sha: str) -> dict[str, dict[str, Any]]:
        """The newest status of each context on a commit."""
        return {each["context"]: each for each in self.fake.statuses if each["sha"] == sha}


@dataclass
class Hub:
    """``url`` and ``token``: of the service. ``image``: it trusts GitHub's certificate, and has
    neither git nor bash."""

    github: GitHubServer
    url: str
    token: str
    image: str
    folder: Path
    process: subprocess.Popen[bytes]
    hosted: dict[str, Hosted] = field(default_factory=dict)
    left: list[tuple[Hosted, str]] = field(default_factory=list)
    """Commits whose builds run until the service is stopped."""

    def towline(self, *words: str, stdin: bytes = b"", status: int = 0) -> Ran:
        """A command against this service, which must end so."""
        env = {"TOWLINE_URL": self.url, "TOWLINE_TOKEN": self.token}
        done = subprocess.run(
            [sys.executable, "-m", "towline", *words],
            input=stdin,
            check=False,
            capture_output=True,
            env=environment({**env, "TOWLINE_GITHUB_WEBHOOK_SECRET": WEBHOOK_SECRET}),
            cwd=self.folder,
            timeout=DEADLINE_S,
        )
        assert done.returncode == status, done.stderr.decode()
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    def repository(self, name: str, *settings: str, **details: Any) -> Hosted:
        """A new repository, registered as a project."""
        git = Repository(self.folder / "served", name.rpartition("/")[2] + ".git")
        fake = self.github.world.repository(name, git=git.bare, **details)
        self.towline("project", "add", name, *settings)
        return self.hosted.setdefault(name, Hosted(git, fake))

    def deliver(self, event: str, payload: Mapping[str, Any], secret: str = "") -> dict[str, Any]:
        """What GitHub's delivery is answered: its status, and what the body says."""
        headers, body = payloads.delivery(event, payload, secret or WEBHOOK_SECRET)
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            connection.request("POST", "/webhooks/github", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            reason = answer.headers.get("X-Towline-Reason", "")
            told = json.loads(said) if said else {"reason": reason}
            return {"status": answer.status, **told}
        finally:
            connection.close()

    def push(self, hosted: Hosted, sha: str, **details: Any) -> str:
        """GitHub tells of a push; the id of its build."""
        answer = self.deliver("push", payloads.push(hosted.fake, sha, **details))
        assert answer["status"] == 202, answer
        return str(answer["build"])

    def wait(self, what: Callable[[], object], told: Callable[[], object] = lambda: "") -> None:
        """Until GitHub has been told so; it is looked at after each of its requests."""
        seen = self.github.wait_until(lambda _: bool(what()), DEADLINE_S)
        assert seen, f"not within {DEADLINE_S} s: {told()}"

    def completed(self, hosted: Hosted, sha: str, build: str) -> dict[str, dict[str, Any]]:
        """The check runs of a commit once those of this build are over."""

        def over() -> bool:
            run = hosted.checks(sha).get("towline") or hosted.checks(sha).get("towline-pr")
            return run is not None and (run["external_id"], run["status"]) == (build, "completed")

        self.wait(over, lambda: hosted.checks(sha))
        return hosted.checks(sha)

    def build(self, build_id: str) -> dict[str, Any]:
        """As the API shows it."""
        found: dict[str, Any] = json.loads(self.get(f"{self.url}/builds/{build_id}", self.token))
        return dict(found["build"])

    def get(self, url: str, token: str = "") -> str:
        """A page, as a browser gets it; with a token, what the API says."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(url, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{url}: {refused.code} {refused.read()!r}") from None

    @property
    def said(self) -> str:
        """All that ``towline up`` has said."""
        return (self.folder / "up.log").read_text()


@contextmanager
def hub(folder: Path, engine: docker.DockerClient, base: str) -> Iterator[Hub]:
    """Both, started; GitHub must have been asked nothing that its description does not allow."""
    (folder / "served").mkdir()
    host = route_to_here(Engine()).bind
    certificate = certificate_for(x509.IPAddress(ipaddress.ip_address(host)), folder)
    keys = make_keys()
    (folder / "app.pem").write_text(keys.private)
    path = os.environ.get("TOWLINE_GITHUB_OPENAPI", "")
    github = GitHubServer(
        Description(Path(path)) if path else None,
        app=(APP, keys.public),
        host=host,
        certificate=certificate,
    )
    with github, trusting_image(engine, base, certificate[0]) as image:
        env = {
            "SSL_CERT_FILE": str(certificate[0]),
            "TOWLINE_GITHUB_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "TOWLINE_GITHUB_APP_ID": APP,
            "TOWLINE_GITHUB_APP_KEY_FILE": str(folder / "app.pem"),
        }
        process, facts = start_up(
            folder, ("--backend", "docker", "--github", "--github-url", github.url), env
        )
        made = Hub(github, facts["url"], facts["token"], image, folder, process)
        try:
            yield made
        finally:
            process.send_signal(signal.SIGINT)
            status = process.wait(DEADLINE_S)
            process.stdout.close()
    assert status == 0, made.said
    for hosted, sha in made.left:
        # Nobody could tell of them any more.
        assert hosted.checks(sha)["towline"]["conclusion"] == "cancelled"
    assert "Traceback" not in made.said
    assert not github.wrong


def one_job(hub: Hub, command: str, more: str = "") -> str:
    """A file with one job."""
    return f"jobs:\n  only:\n    image: {hub.image}\n{more}    script:\n      - {command}\n"


def pushed_during_an_outage(hub: Hub) -> tuple[Hosted, str, str]:
    """While GitHub answers 503 to all about its repository: that, the commit and the build."""
    away = hub.repository("acme/away", installation=INSTALLATION)
    sha = away.commit({".towline.yml": one_job(hub, "echo built")})
    back = {"Retry-After": "4"}
    hub.github.faults += [
        Fault(503, back, method="GET", path="/acme/away/contents"),
        Fault(503, back, method="POST", path="/acme/away/check-runs"),
    ]
    return away, sha, hub.push(away, sha)


def untimed(words: str) -> str:
    """A status's words, however long it took."""
    return re.sub(r" in \d+s", "", words)


def start_up(
    folder: Path, words: tuple[str, ...], env: Mapping[str, str]
) -> tuple[Any, dict[str, str]]:
    """``towline up`` as a process, and the facts that it printed."""
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "towline", "up", "--port", "0", "--json", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(env),
            cwd=folder,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, (folder / "up.log").read_text()
    return process, json.loads(line)
