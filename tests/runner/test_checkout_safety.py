"""Nobody sees the token, nothing of the repository runs, and nothing is left when it is ended."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.git_repository import Repository
from tests.fakes.git_server import GitServer, Hang
from tests.runner.checkouts import TOKEN, order, own_output, why
from tests.runner.conftest import Start
from tests.runner.fake_service import FakeService

Run = Callable[..., int]
SEEN_BY_A_SCRIPT = r"""
env; cat .git/config; git config --list --show-origin
find . .. -type f -exec cat {} + 2>/dev/null | tr -d '\0'
for file in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do tr '\0' '\n' <$file 2>/dev/null; done
true
"""


def forms(secret: str) -> list[bytes]:
    """As it is, and as a header would carry it."""
    pair = base64.b64encode(f"x-access-token:{secret}".encode())
    return [secret.encode(), pair, base64.b64encode(secret.encode())]


def test_the_token_is_nowhere_where_a_script_can_look(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    server.token = token = TOKEN + os.urandom(8).hex()  # other tests run beside this one
    wanted = repository.pushed({"a": "1"})
    service.work["env"] = {"MINE": "kept"}
    # Not run through a mask: what the script finds is written to a file and read here.
    seen = repository.tree / "seen"
    script = f"({SEEN_BY_A_SCRIPT}) >{seen} 2>&1"
    assert run(script, checkout=order(server, repository, wanted)) == 0
    found = seen.read_bytes()
    assert b"MINE=kept" in found
    assert b"repositoryformatversion" in found
    assert [form for form in forms(token) if form in found] == []


def test_the_log_masks_the_token_should_it_ever_come_up(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    server.token = TOKEN
    wanted = repository.pushed({"a": f"{TOKEN}\n{forms(TOKEN)[1].decode()}\n"})
    assert run("cat a", checkout=order(server, repository, wanted)) == 0
    assert [form for form in forms(TOKEN) if form in service.log] == []
    assert "***" in own_output(service)


def test_no_argument_and_no_other_process_holds_the_token_meanwhile(
    start: Start, service: FakeService, server: GitServer, repository: Repository
) -> None:
    """While the server does not answer, all processes of the checkout stand still to be seen."""
    server.token = TOKEN
    wanted = repository.pushed({"a": "1"})
    hang = Hang()
    server.troubles.append(hang)
    service.script("cat a", checkout=order(server, repository, wanted))
    allowed = ["sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh"]
    runner = start(wrapped=allowed)  # core files as large as they may be
    server.wait_until_asked()
    below = [pid for pid in descendants(runner.pid) if b"checkout" in read(f"/proc/{pid}/cmdline")]
    below += descendants(below[0])
    arguments = [read(f"/proc/{pid}/cmdline") for pid in below]
    holders = {
        Path(os.readlink(f"/proc/{pid}/exe")).name
        for pid in below
        if any(form in read(f"/proc/{pid}/environ") for form in forms(TOKEN))
    }
    limits = [read(f"/proc/{pid}/limits") for pid in below[1:]]
    hang.release.set()
    assert runner.wait() == 0
    assert any(b"git" in words for words in arguments)
    assert [words for words in arguments if any(form in words for form in forms(TOKEN))] == []
    assert holders <= {"git", "git-remote-http", "git-remote-https"}
    cores = [line.split()[4] for text in limits for line in text.splitlines() if b"core" in line]
    assert set(cores) == {b"0"}


HOSTILE = """
[core]
    fsmonitor = touch {mark}-fsmonitor
    hooksPath = hooks
    sshCommand = touch {mark}-ssh
[filter "evil"]
    smudge = touch {mark}-smudge
    process = touch {mark}-process
    required = true
[include]
    path = ../.gitconfig
"""


def test_nothing_that_a_repository_or_a_home_brings_is_run(
    start: Start, service: FakeService, server: GitServer, repository: Repository, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    hostile = HOSTILE.format(mark=mark)
    for name in ("post-checkout", "post-merge", "fsmonitor", "reference-transaction"):
        repository.write(f"hooks/{name}", f"#!/bin/sh\ntouch {mark}-hook\n", 0o755)
    repository.write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
    wanted = repository.pushed({".gitconfig": hostile, "config": hostile, "file": "clean"})
    # Of the machine's own user, whose settings are not the job's either.
    (tmp_path / "home" / ".gitconfig").write_text(hostile)
    template = tmp_path / "template" / "hooks"
    template.mkdir(parents=True)
    (template / "post-checkout").write_text(f"#!/bin/sh\ntouch {mark}-template\n")
    (template / "post-checkout").chmod(0o755)
    asked = order(server, repository, wanted, submodules="recursive")
    service.script("cat file", checkout=asked, env={"GIT_TEMPLATE_DIR": str(template.parent)})
    assert start().wait() == 0
    assert own_output(service) == "clean"
    assert sorted(file.name for file in tmp_path.glob("ran*")) == []


@pytest.mark.parametrize("how", ["heartbeat", "TERM"])
def test_a_cancel_during_the_checkout_leaves_no_process(
    start: Start, service: FakeService, server: GitServer, repository: Repository, how: str
) -> None:
    wanted = repository.pushed({"a": "1"})
    server.troubles.append(Hang())
    service.heartbeat_s = 0.05
    service.script("echo never", checkout=order(server, repository, wanted))
    runner = start()
    server.wait_until_asked()
    below = descendants(runner.pid)
    assert below
    if how == "heartbeat":
        service.heartbeat_reply = {"cancel": True, "permit": None}
    else:
        runner.process.send_signal(signal.SIGTERM)
    assert runner.wait() == 125
    assert service.report["ended_by"] == "cancel"
    assert service.report["exit"] == {"code": None, "signal": None}
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []
    assert b"never" not in service.log


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"timeout_s": 1}, "had not ended at the job's timeout"),
        ({"silence_timeout_s": 1}, "wrote nothing for 1 s"),
    ],
)
def test_the_jobs_limits_hold_for_the_checkout(
    run: Run,
    service: FakeService,
    server: GitServer,
    repository: Repository,
    limits: dict[str, float],
    words: str,
) -> None:
    wanted = repository.pushed({"a": "1"})
    server.troubles.append(Hang())
    service.limits |= limits
    assert run("true", checkout=order(server, repository, wanted)) == 125
    assert words in why(service)


def test_the_jobs_user_owns_the_checkout_and_did_it(
    run: Run, service: FakeService, server: GitServer, repository: Repository
) -> None:
    if os.geteuid():
        pytest.skip("only root can become another user")
    wanted = repository.pushed({"a": "1"})
    script = "find . ! -user 4242; touch new && id -u && git status --porcelain 2>/dev/null"
    asked = order(server, repository, wanted)
    assert run(script, checkout=asked, user="4242:4242", by=["sh"]) == 0
    assert own_output(service).split() == ["4242", "??", "new"]


def test_the_lease_lives_on_during_the_checkout(
    start: Start, service: FakeService, server: GitServer, repository: Repository
) -> None:
    wanted = repository.pushed({"a": "1"})
    hang = Hang()
    server.troubles.append(hang)
    service.heartbeat_s = 0.05
    service.script("cat a", checkout=order(server, repository, wanted))
    runner = start()
    service.wait_for(lambda: len([r for r in service.requests if r[0] == "heartbeat"]) > 2)
    hang.release.set()
    assert runner.wait() == 0


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        head = waiting.pop()
        tasks = Path(f"/proc/{head}/task")
        below = [int(word) for task in tasks.iterdir() for word in children(task)]
        found += below
        waiting += below
    return found


def children(task: Path) -> list[str]:
    return (task / "children").read_text().split()


def read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
