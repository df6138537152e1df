"""``towline up --github``: what is taken, what is said, and that no given secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from towline.cli.main import build_parser
from towline.cli.problem import Problem
from towline.cli.up_github import (
    APP_ID,
    APP_KEY_FILE,
    SECRET,
    TOKEN,
    explained,
    github_of,
    made_secret,
)
from towline.local.local_github import LocalGitHub

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMII=\n-----END RSA PRIVATE KEY-----\n"
URL = "http://127.0.0.1:8470"


def asked(*words: str, **environ: str) -> LocalGitHub | None:
    return github_of(build_parser().parse_args(["up", *words]), environ)


def said(github: LocalGitHub | None, **environ: str) -> str:
    assert github is not None
    return "\n".join(explained(github, URL, environ))


def test_without_the_option_nothing_is_wired() -> None:
    assert asked(**{SECRET: "s", TOKEN: "t"}) is None


def test_a_secret_is_made_and_shown_when_none_is_given() -> None:
    first, second = asked("--github"), asked("--github")
    assert first is not None
    assert second is not None
    made = first.parameters["webhook-secret"]
    assert len(made) == 64
    assert made != second.parameters["webhook-secret"]
    text = said(first)
    for words in (
        made,
        "https://<your tunnel>/webhooks/github",
        URL,
        "Pushes, Pull requests, Repositories",
    ):
        assert words in text
    assert f"without {TOKEN} or an App" in text
    assert f"set {SECRET} to keep the secret" in text
    assert made_secret(first, {}) == made
    assert made_secret(first, {SECRET: "given"}) == ""


def test_what_was_given_is_kept_and_not_shown(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text(PEM)
    environ = {
        SECRET: "the-secret-of-GitHub",
        TOKEN: "the-token",
        APP_ID: "12",
        APP_KEY_FILE: str(key),
    }
    github = asked("--github", "--public-url", "https://ci.test/", **environ)
    assert github is not None
    assert github.parameters == {
        "webhook-secret": "the-secret-of-GitHub",
        "token": "the-token",
        "app-id": "12",
        "app-key": PEM.strip(),
    }
    text = said(github, **environ) + repr(github)
    assert "https://ci.test/webhooks/github" in text
    assert "tunnel of yours" not in text
    assert "Check suite, Repository" in text
    for secret in ("the-secret", "the-token", "-----BEGIN"):
        assert secret not in text


@pytest.mark.parametrize(
    ("words", "environ", "sentence"),
    [
        (["--public-url", "https://a.test"], {}, "are for --github"),
        (["--github", "--public-url", "ci.test"], {}, "--public-url ci.test is not an address"),
        (["--github", "--github-url", "ftp://x"], {}, "--github-url: .* must begin with https"),
        (["--github", "--github-url", "http://a.test"], {}, "--github-url: .* must begin with htt"),
        (["--github", "--github-url", "https://a.test/b"], {}, "must end with the host"),
        (["--github"], {SECRET: "short"}, f"{SECRET}: a webhook secret has at least 16"),
        (["--github"], {TOKEN: "a b"}, f"{TOKEN}: a token has no spaces"),
        (["--github"], {APP_ID: "one"}, f"{APP_ID}: app-id is the App's number"),
        (["--github"], {APP_ID: "1", APP_KEY_FILE: __file__}, f"{APP_KEY_FILE}: app-key is the"),
        (["--github"], {APP_ID: "1"}, "an App needs both"),
        (["--github"], {APP_ID: "1", APP_KEY_FILE: "/none"}, "names /none, which can't be read"),
    ],
)
def test_what_can_not_be_is_refused_in_words(
    words: list[str], environ: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Problem, match=sentence):
        asked(*words, **environ)
