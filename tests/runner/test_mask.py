"""What is masked, and that it does not depend on how the bytes happen to arrive."""

from __future__ import annotations

import base64
import itertools
import json
import time
import urllib.parse

from hypothesis import given
from hypothesis import strategies as st

from towline_runner.mask import Masker
from towline_runner.mask_forms import needles

SMALL = st.binary(max_size=40).map(lambda data: bytes(b"ab"[byte & 1] for byte in data))
NEEDLES = st.lists(SMALL.filter(lambda needle: len(needle) >= 2), max_size=4, unique=True)


def masked(data: bytes, needle_list: list[bytes], cuts: list[int]) -> bytes:
    masker = Masker(sorted(needle_list, key=len, reverse=True))
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    return b"".join(map(masker.feed, pieces)) + masker.finish()


def by_the_book(data: bytes, needle_list: list[bytes]) -> bytes:
    """Every byte of every occurrence is covered; overlapping occurrences are one."""
    spans = sorted(
        (at, at + len(needle))
        for needle in needle_list
        for at in range(len(data))
        if data.startswith(needle, at)
    )
    merged: list[list[int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    out, position = b"", 0
    for start, end in merged:
        out += data[position:start] + b"***"
        position = end
    return out + data[position:]


@given(SMALL, NEEDLES, st.lists(st.integers(min_value=0), max_size=12))
def test_masking_is_the_same_however_the_bytes_are_cut(
    data: bytes, needle_list: list[bytes], cuts: list[int]
) -> None:
    assert masked(data, needle_list, cuts) == by_the_book(data, needle_list)


@given(
    st.text(min_size=4, max_size=60),
    st.binary(max_size=9),
    st.binary(max_size=9),
)
def test_no_form_of_a_secret_comes_through(secret: str, before: bytes, after: bytes) -> None:
    raw = secret.encode("utf-8", "surrogatepass")
    found, short = needles({"S": secret})
    assert short == []
    forms = [
        raw,
        json.dumps(secret)[1:-1].encode(),
        urllib.parse.quote_from_bytes(raw, safe="").encode(),
        urllib.parse.quote_from_bytes(raw).encode(),
        urllib.parse.quote_plus(raw).encode(),
    ]
    for form in forms:
        if len(form) >= 4:
            assert form in found
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(before + raw + after)
        assert any(needle in encoded for needle in found)


def test_lines_and_values_of_json_secrets_are_masked_by_themselves() -> None:
    key = "-----BEGIN-----\r\nMIIabc\r\nde\r\n-----END-----\r\n"
    account = json.dumps({"id": 7, "parts": [{"key": key}, "abc", "tokenish"]}, indent=1)
    found, _ = needles({"ACCOUNT": account})
    for needle in (b"MIIabc", b"-----END-----", b"tokenish", account.encode()):
        assert needle in found
    assert b"de" not in found
    assert b"abc" not in found


def test_the_beginning_of_a_secret_is_held_back_and_given_when_it_is_none() -> None:
    masker = Masker([b"secret-one"])
    assert masker.feed(b"a secret-") == b"a "
    assert masker.holds
    assert masker.feed(b"two\n") == b"secret-two\n"
    assert not masker.holds


def test_an_endless_run_of_a_secret_is_bounded_in_memory() -> None:
    masker = Masker([b"aaaa"])
    assert b"".join(masker.feed(b"a" * 100) for _ in range(50)) + masker.finish() == b"***"


def test_time_grows_with_the_bytes_not_with_their_square() -> None:
    def took(size: int) -> float:
        masker = Masker([b"x" * 40 + b"y", b"needle-in-a-haystack"])
        start = time.process_time()
        for _ in range(size):
            masker.feed(b"x" * 65536)
        return time.process_time() - start

    took(8)
    few, many = max(took(32), 0.001), took(512)
    assert many < few * 16 * 6  # linear is 16 times; quadratic would be 256 times
