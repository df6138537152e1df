"""Whose delivery it is: the one thing that must be right before anything is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.github.signature import is_signed, sign


def test_githubs_own_example() -> None:
    """The values that GitHub publishes for trying an implementation
    (docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, Testing)."""
    header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sign(b"Hello, World!", "It's a Secret to Everybody") == header
    assert is_signed(b"Hello, World!", header, ["It's a Secret to Everybody"])


def test_two_secrets_are_valid_while_they_are_rotated() -> None:
    for secret in ("old", "new"):
        assert is_signed(b"{}", sign(b"{}", secret), ["new", "old"])
    assert not is_signed(b"{}", sign(b"{}", "older"), ["new", "old"])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        sign(b"{}", "secret").upper(),
        sign(b"{}", "secret").removeprefix("sha256="),
        sign(b"{}", "secret")[:-1],
        sign(b"{}", "secret") + "0",
        "\N{LATIN SMALL LETTER E WITH ACUTE}" * 20,
    ],
)
def test_anything_but_the_signature_is_none(header: str | None) -> None:
    assert not is_signed(b"{}", header, ["secret"])


def test_no_secret_and_an_empty_one_sign_nothing() -> None:
    """Somebody who forgot to set the secret must not have a service that anybody can drive."""
    assert not is_signed(b"{}", sign(b"{}", ""), [])
    assert not is_signed(b"{}", sign(b"{}", ""), ["", ""])
    assert is_signed(b"{}", sign(b"{}", "new"), ["new", ""])


@given(body=st.binary(max_size=200), at=st.integers(0, 199), bit=st.integers(0, 7))
def test_no_bit_of_the_body_may_change(body: bytes, at: int, bit: int) -> None:
    header = sign(body, "secret")
    assert is_signed(body, header, ["secret"])
    if body:
        changed = bytearray(body)
        changed[at % len(body)] ^= 1 << bit
        assert not is_signed(bytes(changed), header, ["secret"])
