"""What the pages say, and how logs and badges look."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from chalicelib.domain.build import BuildState, JobState
from chalicelib.domain.build_record import BuildEntry
from chalicelib.domain.evidence import Stop
from chalicelib.domain.explain import explain
from chalicelib.domain.job import State
from chalicelib.domain.verdict import Verdict
from chalicelib.pages import badge as badges
from chalicelib.pages.badge import BadgeWord, badge
from chalicelib.pages.build_page import build_page
from chalicelib.pages.document import away, document, missing
from chalicelib.pages.job_page import JobLinks, LogShown, job_page
from chalicelib.pages.log_html import log_html, without_colours
from tests.domain import samples
from tests.pages.reader import Reader
from tests.pages.test_hostile import a_build

NO_LOG = LogShown(1, 0, b"", 0)


def refreshes(read: Reader) -> bool:
    return any(meta.get("http-equiv") == "refresh" for meta in read.metas)


def test_a_finished_job_s_page_has_verdict_witnesses_explanation_and_log() -> None:
    attempt = samples.attempt(
        report=samples.report(3),
        reported_at=samples.later(4),
        stop=Stop(task_id=samples.TASK, version=1, exit_code=3),
    )
    job = samples.job_with(attempt, name="unit").model_copy(
        update={
            "state": State.FINISHED,
            "verdict": Verdict.FAILED,
            "finished_at": samples.later(5),
        }
    )
    shown = LogShown(1, 100, b"the end\n", 108, gap=7)
    links = JobLinks(build="../../builds/b/view", earlier="?offset=0", whole="./view/log")
    read = Reader(document(job_page(job, shown, links)))
    assert read.within("title") == ["failed: unit (default)"]
    for sentence in explain(job):
        assert sentence in read.text
    for words in ("code 3, ended by script", "exit code 3", "run 4s", "5s, waiting included"):
        assert words in read.text
    assert "Attempt 1, bytes 100 to 108. 7 bytes before them never arrived." in read.text
    assert read.within("pre") == ["the end\n"]
    assert read.links == ["../../builds/b/view", "?offset=0", "./view/log"]
    assert not refreshes(read)


def test_a_job_that_ended_in_its_setup_says_so_on_its_page() -> None:
    attempt = samples.attempt(
        report=samples.report(7, phases=["setup"]),
        stop=Stop(task_id=samples.TASK, version=1, exit_code=7),
    )
    job = samples.job_with(attempt).model_copy(
        update={"state": State.FINISHED, "verdict": Verdict.FAILED}
    )
    read = Reader(document(job_page(job, NO_LOG, JobLinks())))
    assert "code 7, ended by script, in its setup" in read.text


def test_a_page_renews_itself_exactly_while_what_it_shows_may_change() -> None:
    running = samples.job_with(samples.attempt())
    assert refreshes(Reader(document(job_page(running, NO_LOG, JobLinks()))))
    back = LogShown(1, 0, b"x", 1, tail=False)
    assert not refreshes(Reader(document(job_page(running, back, JobLinks()))))
    pending = a_build("x").model_copy(update={"state": BuildState.RUNNING})
    assert refreshes(Reader(document(build_page(pending, job_href=str))))
    assert not refreshes(Reader(document(build_page(a_build("x"), job_href=str))))
    assert refreshes(Reader(document(away())))
    assert not refreshes(Reader(document(missing())))


def test_a_job_that_never_was_launched_has_a_page() -> None:
    read = Reader(document(job_page(samples.queued_job(), LogShown(0, 0, b"", 0), JobLinks())))
    assert "queued" in read.text
    assert "Nothing yet." in read.text
    assert "table" not in read.tags


def test_a_build_s_page_lists_its_jobs_with_links_to_those_that_were_submitted() -> None:
    build = a_build("x").model_copy(
        update={
            "jobs": {
                "lint": BuildEntry(
                    state=JobState.FINISHED,
                    verdict=Verdict.FAILED,
                    allow_failure=True,
                    job_id="j1",
                    started_at=samples.NOW,
                    finished_at=samples.later(61),
                ),
                "deploy": BuildEntry(state=JobState.SKIPPED, needs=("lint",)),
            }
        }
    )
    read = Reader(document(build_page(build, job_href=lambda id_: f"../../jobs/{id_}/view")))
    assert read.links == ["../../jobs/j1/view"]
    assert "lintfailed (allowed)1m1s" in read.text
    assert "deployskippedlinta job it needs did not pass" in read.text
    heads = ["Where", "How", "What", "Job", "State", "Took", "Needs", "What happened"]
    assert [text for text in read.within("th") if text in heads] == heads


@pytest.mark.parametrize(
    ("log", "html"),
    [
        (b"plain\n", "plain\n"),
        (b"\x1b[31mred\x1b[0m not", '<span class="red">red</span> not'),
        (b"\x1b[1;32mx\x1b[mz", '<span class="green bold">x</span>z'),
        (b"\x1b[1mx\ny\x1b[22mz", '<span class="bold">x</span>\n<span class="bold">y</span>z'),
        (b"\x1b[92mbright\x1b[39mnot", '<span class="green">bright</span>not'),
        (b"\x1b[38;5;31mx\x1b[48;2;1;31;3my", "xy"),
        (b"10%\r20%\r100%\r\nnext", "100%\nnext"),
        (b"\x1b[31m1\r\x1b[0m2", "2"),
        (b"\x1b[31m1\r2", '<span class="red">2</span>'),
        (b"\x1b]0;title\x07\x1b[2K\x1b[1Aup", "up"),
        (b"a\x00b\x08", "a[U+0000]b[U+0008]"),
        (b"\xffz", "\N{REPLACEMENT CHARACTER}z"),
        (b"<b>&amp;", "&lt;b&gt;&amp;amp;"),
    ],
)  # fmt: skip
def test_a_log_as_a_terminal_would_show_it(log: bytes, html: str) -> None:
    assert log_html(log).text == html


def test_a_very_long_line_is_cut_and_says_so() -> None:
    text = log_html(b"y" * 5000 + b"\nnext").text
    assert text.count("y") == 4000
    assert "[the line goes on]" in text
    assert text.endswith("\nnext")


def test_a_log_as_text_has_no_commands_to_a_terminal() -> None:
    assert without_colours(b"\x1b[31mred\x1b[0m\r\n\xff") == "red\n\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("word", list(BadgeWord))
def test_a_badge_says_its_word_to_eyes_and_to_readers(word: BadgeWord) -> None:
    picture = ElementTree.fromstring(badge(word))  # noqa: S314 - our own
    assert picture.attrib["aria-label"] == f"build: {word}"
    texts = [found.text for found in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["build", word.value]
    assert contrast(badges.COLOURS[word]) >= 4.5


def contrast(colour: str) -> float:
    """Of white on it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
