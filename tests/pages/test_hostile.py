"""Nothing that a job, a commit or a branch says can be more than text on a page."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.build import BuildState, JobState
from chalicelib.domain.build_record import BuildEntry, BuildProblem, BuildRecord
from chalicelib.pages.build_page import build_page
from chalicelib.pages.document import HEADERS, document
from chalicelib.pages.job_page import JobLinks, LogShown, job_page
from chalicelib.pages.log_html import MOST_BYTES, log_html, without_colours
from chalicelib.pages.markup import anchor, visible
from tests.domain import samples
from tests.pages.reader import Reader

PIECES = """<script>alert(1)</script>|"|'|>|</pre>|<!--|]]>|&lt;|&#60;|</title>|</style>|<?|a
|javascript:|<img src=x onerror=a>|\0|\u202e|\r|\x1b[31m|\x1b[0m|\x1b]8;;http://a\x07|\x1b[38;5;1m|\ud800"""
EVIL = st.lists(st.sampled_from(PIECES.split("|")) | st.text(max_size=5), max_size=12).map("".join)
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "nav", "footer", "h1", "h2", "p"}
TAGS |= {"dl", "dt", "dd", "a", "span", "div", "pre", "time"}
TAGS |= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
NAMES = {"lang", "charset", "name", "content", "http-equiv", "class", "scope", "href", "datetime"}
NAMES |= {"tabindex", "aria-label", "id"}


def a_build(text: str) -> BuildRecord:
    return BuildRecord.model_construct(
        id=samples.JOB_ID,
        project="acme/web",
        repository_id=1,
        repository_name=text,
        kind="push",
        ref="refs/heads/main",
        branch=text,
        sha="a" * 40,
        commit="a" * 40,
        author=text,
        title=text,
        detail=text,
        state=BuildState.FAILED,
        problems=(BuildProblem.model_construct(path=text, line=1, text=text, level="failure"),),
        jobs={text: BuildEntry.model_construct(state=JobState.WAITING, needs=(text,), detail=text)},
        created_at=samples.NOW,
        updated_at=samples.NOW,
    )


def checked(page: str) -> Reader:
    """The page, read; it has only elements and attributes that we put there, properly nested."""
    read = Reader(page)
    assert not read.oddities
    assert not read.open
    assert set(read.tags) <= TAGS
    assert read.names <= NAMES
    for link in read.links:
        assert link.startswith(("../../", "./", "?", "https://")), link
    return read


@given(EVIL)
def test_a_build_s_texts_are_text(text: str) -> None:
    """The elements are the same, in the same order, whatever the texts; and the text is there."""
    evil = checked(document(build_page(a_build(text), job_href=lambda id_: f"../../jobs/{id_}")))
    plain = checked(document(build_page(a_build("x"), job_href=lambda id_: f"../../jobs/{id_}")))
    # An empty text leaves out the facts that it would be.
    if text:
        assert evil.tags == plain.tags
    assert visible(text) in evil.text


@given(EVIL, st.binary(max_size=200) | EVIL.map(lambda text: text.encode("utf-8", "replace")))
def test_a_job_s_texts_and_log_are_text(text: str, log: bytes) -> None:
    job = samples.job_with(samples.attempt()).model_copy(
        update={"name": text, "detail": text, "project": text, "image": text}
    )
    shown = LogShown(1, 0, log, len(log))
    read = checked(document(job_page(job, shown, JobLinks(build="../../b", later="?offset=1"))))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", read.text)


@given(st.binary(max_size=400))
def test_no_log_becomes_much_larger_and_none_is_refused(log: bytes) -> None:
    """64 KiB of log must fit into Lambda's answer of 6 MB, whatever is in them."""
    assert len(log_html(log).text) <= 16 * len(log) + 100
    without_colours(log)


def test_the_largest_log_of_the_worst_kind_fits_into_an_answer() -> None:
    for piece in (b"\x1b[1m<", b"\x00", b"\xff", b"\x1b[31m\n", b"&", b"\r", b"\x1b[1mx"):
        log = piece * (2 * MOST_BYTES // len(piece))
        assert len(log_html(log).text) < 2_000_000


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "//evil.test", " ./"])
def test_an_address_of_another_kind_is_no_link(href: str) -> None:
    assert anchor(href, "text").text == "text"


def test_the_headers_forbid_all_but_the_one_style() -> None:
    """The hash is that of the style as it is in the page; a browser would drop any other."""
    read = Reader(document(build_page(a_build("x"), job_href=str)))
    [style] = read.within("style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = HEADERS["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert {"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "url(" not in style
    assert "@import" not in style
    assert HEADERS["Referrer-Policy"] == "no-referrer"
    assert "no-store" in HEADERS["Cache-Control"]
