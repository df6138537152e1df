"""A log of any size is digested page by page."""

from __future__ import annotations

import hashlib

from towline.selftest.log_reader import KEPT_FIRST, KEPT_LAST, digest_log


def test_a_short_log_is_shown_whole() -> None:
    digest = digest_log([(b"ab", 0), (b"c", 0)])
    assert (digest.size, digest.shown, digest.gap) == (3, b"abc", 0)
    assert digest.sha256 == hashlib.sha256(b"abc").hexdigest()


def test_an_empty_log_is_a_log() -> None:
    assert digest_log([]).shown == b""


def test_of_a_long_log_the_beginning_and_the_end_are_shown() -> None:
    pages = [(bytes([number]) * 700_000, 0) for number in range(12)]
    whole = b"".join(data for data, _ in pages)
    digest = digest_log(pages)
    assert digest.sha256 == hashlib.sha256(whole).hexdigest()
    assert digest.size == len(whole)
    assert digest.shown == whole[:KEPT_FIRST] + whole[-KEPT_LAST:]


def test_holes_are_counted() -> None:
    assert digest_log([(b"ab", 0), (b"c", 7)]).gap == 7
