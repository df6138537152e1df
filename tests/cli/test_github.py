"""``towline github``, and a project's checkout token: what is asked, said, and never shown."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib import wiring
from tests.cli.in_process import in_process
from tests.github.conftest import APP_ID, make_keys
from tests.usecases.build_world import BuildWorld, new_build_world
from towline.cli.main import main

KEYS = make_keys()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BuildWorld]:
    """The real app with builds, called in this process instead of over a network."""
    with new_build_world() as made, in_process(made, monkeypatch):
        yield made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command with this on its standard input; what it wrote to the two others."""

    def call(*words: str, status: int = 0, given: str = "") -> tuple[str, str]:
        piped = SimpleNamespace(buffer=io.BytesIO(given.encode()), isatty=lambda: False)
        monkeypatch.setattr("sys.stdin", piped)
        assert main(words) == status
        said = capsys.readouterr()
        return said.out, said.err

    return call


def test_an_app_is_set_up_tried_and_taken_away(world: BuildWorld, run: Any, tmp_path: Path) -> None:
    world.github.world.app = (APP_ID, KEYS.public)
    world.repository.installation = 7
    pem = tmp_path / "key.pem"
    pem.write_text(KEYS.private)
    secret = "a long secret of the webhook"
    said = [
        run("github", "set", "webhook-secret", given=f"{secret}\n"),
        run("github", "set", "app-id", given=APP_ID),
        run("github", "set", "app-key", "--file", str(pem)),
    ]
    assert all("is kept" in err for _, err in said)
    out, err = run("github", "show")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines() if line)
    assert rows["GitHub"] == world.github.url
    assert rows["webhook"] == "http://127.0.0.1:1/webhooks/github"
    assert rows["app-key"].startswith("set 20")
    assert rows["token"] == rows["webhook-secret-next"] == "-"
    assert "ok       app  GitHub knows it as 'Acme CI': id and key fit" in out
    for text in (out, err, repr(said)):
        assert secret not in text
        assert KEYS.private.splitlines()[1] not in text
    assert world.parameters.fresh("webhook-secret") == secret
    run("github", "remove", "app-key")
    out, _ = run("github", "show", status=1)
    assert "app-id is set and app-key is not" in out
    shown = json.loads(run("github", "show", "--no-check", "--json")[0])
    assert [key["name"] for key in shown["keys"] if key["set_at"]] == ["webhook-secret", "app-id"]
    assert "findings" not in shown


def test_a_project_is_tried(world: BuildWorld, run: Any) -> None:
    world.with_token()
    wiring.use(world.dispatcher)
    out, _ = run("github", "show", "--project", "Octo/Web", status=1)
    assert "GitHub shows it, a private one, as Octo/Web" in out
    assert "nothing checks it out" in out


def test_the_secret_is_rotated_in_two_steps_and_shown_once(world: BuildWorld, run: Any) -> None:
    out, err = run("github", "rotate-secret")
    made = out.strip()
    assert len(made) == 64
    assert "rotate-secret --finish" in err
    assert made not in err
    assert world.parameters.fresh("webhook-secret-next") == made
    _, err = run("github", "rotate-secret", status=2)
    assert "a change is under way" in err
    _, err = run("github", "rotate-secret", "--finish")
    assert "the only one" in err
    assert world.parameters.fresh("webhook-secret") == made
    assert set(world.dispatcher.github_keys()) == {"webhook-secret"}
    _, err = run("github", "rotate-secret", "--finish", status=2)
    assert "nothing to finish" in err


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("github", "set", "webhook-secret"), "hunter2", "at least 16 characters"),
        (("github", "set", "webhook-secret"), "", "webhook-secret can't be empty"),
        (("github", "set", "app-key", "--file", "/none"), "", "/none can't be read"),
        (("github", "set", "token", "--from-env", "NOPE"), "", "the variable NOPE is not set"),
        (("github", "set", "token", "--from-env", "A", "--file", "b"), "", "give one of them"),
        (("github", "remove", "token"), "", "token is not set"),
        (("github", "show", "--project", "octo/none"), "", "'octo/none' is not registered"),
        (("github", "show", "--project", "a", "--no-check"), "", "leave --no-check out"),
        (("project", "set", "octo/web", "--checkout-token", "ghp_typed"), "", "never the token"),
        (("project", "set", "octo/web", "--checkout-token", "-"), "a b", "no spaces"),
        (("project", "set", "octo/web", "--checkout-token", "-"), "", "can't be empty"),
        (("project", "set", "octo/none", "--checkout-token", "-"), "ghp_x", "is not registered"),
    ],
    ids=str,
)
def test_mistakes_are_told_and_change_nothing(
    world: BuildWorld, run: Any, words: tuple[str, ...], given: str, said: str
) -> None:
    out, err = run(*words, given=given, status=2)
    assert said in err
    for secret in ("hunter2", "ghp_"):
        assert secret not in out + err
    assert set(world.dispatcher.github_keys()) == {"webhook-secret"}
    assert world.dispatcher.project("octo/web").checkout_token_at is None


def test_a_project_is_given_a_checkout_token_and_shows_since_when(
    world: BuildWorld, run: Any
) -> None:
    words = ("--checkout-token", "-", "--fork-checkout", "yes")
    out, err = run("project", "set", "octo/web", *words, given="ghp_reads\n")
    shown, _ = run("project", "show", "octo/web")
    assert "checkout token" in shown
    assert "also of forks" in shown
    assert world.dispatcher.collaborators.project_tokens.get("octo/web") == "ghp_reads"
    assert "ghp_reads" not in out + err + shown
    run("project", "set", "octo/web", "--checkout-token", "none")
    assert "checkout token" not in run("project", "show", "octo/web")[0]
    run("project", "add", "octo/new", "--checkout-token", "-", given="ghp_other")
    assert world.dispatcher.collaborators.project_tokens.get("octo/new") == "ghp_other"
