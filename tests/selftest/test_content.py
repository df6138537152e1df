"""Contents are described briefly and stand for exact bytes."""

from __future__ import annotations

import hashlib

import pytest

from towline.selftest.content import BLOCK, Content, Piece, parse_content


def test_text_is_its_utf8_bytes() -> None:
    assert parse_content("grün\r\n", "here").data == "grün\r\n".encode()


def test_pieces_are_joined_in_order_and_repeated() -> None:
    content = parse_content(["a", {"hex": "00 ff"}, {"text": "xy", "times": 3}], "here")
    assert content.data == b"a\x00\xffxyxyxy"
    assert content.size == len(content.data)


@pytest.mark.parametrize("times", [0, 1, 3, BLOCK // 7, BLOCK // 7 + 1, 5 * (BLOCK // 7) + 2])
def test_the_digest_of_blocks_is_the_digest_of_the_whole(times: int) -> None:
    content = Content((Piece(b"seven b", times), Piece(b"end")))
    assert content.sha256 == hashlib.sha256(content.data).hexdigest()


def test_a_gibibyte_is_digested_in_blocks_of_about_a_mebibyte() -> None:
    blocks = Piece(b"0123456789abcdef", 1 << 26).blocks()
    assert len(next(blocks)) <= BLOCK


@pytest.mark.parametrize(
    "value",
    [7, [7], [{"text": "a", "hex": "00"}], [{}], [{"text": "a", "time": 2}], [{"hex": "xy"}]],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"here|hexadecimal"):
        parse_content(value, "here")
