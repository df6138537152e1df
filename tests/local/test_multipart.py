"""The upload form: what browsers, boto3's documentation and the runner send, and what is broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline.local.multipart import MAX_FIELDS, MalformedForm, parse_upload

TYPE = "multipart/form-data; boundary=XyZ"


def form(*parts: str, file: bytes = b"data", end: str = "\r\n--XyZ--\r\n") -> bytes:
    head = "".join(f"--XyZ\r\n{part}\r\n" for part in parts)
    name = 'Content-Disposition: form-data; name="file"; filename="f.gz"'
    return f"{head}--XyZ\r\n{name}\r\n\r\n".encode() + file + end.encode()


def field(name: str, value: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'


@given(st.binary(max_size=300), st.text("abc\r\n-XyZ é", max_size=50))
def test_any_file_and_any_value_come_out_as_they_went_in(file: bytes, value: str) -> None:
    if "\r\n--XyZ" in value or b"\r\n--XyZ" in file:
        return
    got = parse_upload(TYPE, form(field("Key", value), field("policy", "p"), file=file))
    assert got.fields == {"key": value, "policy": "p"}
    assert got.filename == "f.gz"
    assert bytes(got.file) == file


def test_a_file_may_hold_the_boundary_of_another_form() -> None:
    assert bytes(parse_upload(TYPE, form(file=b"--XyZ\r\n--Xy")).file) == b"--XyZ\r\n--Xy"


def test_a_boundary_may_be_quoted_and_the_last_line_feed_left_out() -> None:
    quoted = 'multipart/form-data; charset=utf-8; boundary="XyZ"'
    assert bytes(parse_upload(quoted, form(end="\r\n--XyZ--")).file) == b"data"


@pytest.mark.parametrize(
    ("content_type", "body", "says"),
    [
        ("application/json", b"{}", "must be multipart/form-data"),
        (TYPE, b"", "does not begin"),
        (TYPE, b"--XyZ\r\nContent-Disposition: x", "no end to its headers"),
        (TYPE, b"--XyZ\r\nContent-Type: text/plain\r\n\r\n", "has no name"),
        (TYPE, f"--XyZ\r\n{field('key', 'x')}".encode(), "no file follows"),
        (TYPE, form(end=""), "must be closed"),
        (TYPE, form(field("key", "x" * (MAX_FIELDS + 1))), "no end, or no file"),
        (TYPE, form(*[field(f"f{n}", "x" * 1000) for n in range(30)]), "more than"),
    ],
)
def test_a_broken_form_is_refused_in_words(content_type: str, body: bytes, says: str) -> None:
    with pytest.raises(MalformedForm, match=says):
        parse_upload(content_type, body)
