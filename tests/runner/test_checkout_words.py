"""What git's words mean, and how its output becomes a log."""

from __future__ import annotations

import os

import pytest

from towline_runner.checkout import failure
from towline_runner.checkout.failure import GitFailed, sentence
from towline_runner.checkout.progress import Progress

URL = "https://host.test/certificate/redirect"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("fatal: couldn't find remote ref refs/heads/certificate", failure.NO_REF),
        ("error: Server does not allow request for unadvertised object 1", failure.UNADVERTISED),
        ("fatal: remote error: upload-pack: not our ref 1", failure.UNADVERTISED),
        (f"remote: Repository not found.\nfatal: repository '{URL}/' not found", failure.MISSING),
        (
            "fatal: could not read Username for 'https://x': terminal prompts disabled",
            failure.DENIED,
        ),
        (f"fatal: unable to access '{URL}/': returned error: 403", failure.DENIED),
        (f"fatal: unable to access '{URL}/': returned error: 301", failure.MOVED),
        (f"fatal: unable to access '{URL}/': returned error: 429", failure.TROUBLE),
        (f"fatal: unable to access '{URL}/': Could not resolve host: x", failure.TROUBLE),
        (f"From {URL}\nfetch-pack: unexpected disconnect\nfatal: early EOF", failure.TROUBLE),
        ("fatal: server certificate verification failed. CAfile: none", failure.UNTRUSTED),
        ("fatal: write error: No space left on device", failure.DISK),
        ("", failure.TROUBLE),
    ],
)
def test_failures_are_told_apart(said: str, kind: str) -> None:
    failed = GitFailed("fetch", 128, said)
    assert failed.kind == kind
    assert sentence(failed, URL).endswith(").")


def shown(each_s: float, *blocks: bytes) -> bytes:
    """What comes out for these reads."""
    reading, writing = os.pipe()
    try:
        progress = Progress(each_s, writing)
        for block in blocks:
            progress.feed(block)
        progress.finish()
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as opened:
        return opened.read()


def test_progress_is_left_out_but_for_its_end() -> None:
    blocks = (b"a\nReceiving: 1%\rRecei", b"ving: 50%\r", b"Receiving: 100%, done.\nb\n")
    assert shown(3600, *blocks) == b"a\nReceiving: 100%, done.\nb\n"


def test_progress_shows_now_and_then() -> None:
    assert shown(0, b"1%\r2%\r", b"3%\r4%", b"\n") == b"2%\n3%\n4%\n"


def test_a_line_without_an_end_is_not_lost() -> None:
    assert shown(3600, b"fatal: cut o", b"ff") == b"fatal: cut off\n"
    assert shown(3600, b"x" * 40000).replace(b"\n", b"") == b"x" * 40000
