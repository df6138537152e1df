"""Durations, sizes and CPUs as people write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.quantities import (
    QuantityError,
    format_duration,
    format_size,
    parse_cpu,
    parse_duration,
    parse_size,
    parse_size_mib,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("1.5h", 5400),
        ("2d", 172800),
        ("500ms", 0.5),
        ("1s500ms", 1.5),
        ("90", 90),
        ("0.25", 0.25),
        (".5s", 0.5),
        (" 10 S ", 10),
        ("5 min", 300),
        ("0", 0),
        ("0.1s", 0.1),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "5s later",
        "\u0663s",
        "1h30",
        "1" * 50,
        "",
        "  ",
        "abc",
        "5x",
        "-5s",
        "1h-5m",
        "5m1h",
        "1m1m",
        "h",
        "1e3s",
        "inf",
        "nan",
        "1,5h",
    ],
)
def test_what_is_no_duration_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(QuantityError, match=r"duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512m", 512 << 20),
        ("2g", 2 << 30),
        ("1GiB", 1 << 30),
        ("1.5 GB", 3 << 29),
        ("64kb", 64 << 10),
        ("100b", 100),
        ("1t", 1 << 40),
        ("0.1k", 103),
    ],
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "m", "5x", "-1g", "1g2m", "1e3m", "nan", "\u0663m"])
def test_what_is_no_size_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(QuantityError, match="size"):
        parse_size(text)


def test_a_size_without_a_unit_is_not_guessed_at() -> None:
    with pytest.raises(QuantityError, match="'512' has no unit: write 512m for mebibytes or 512g"):
        parse_size("512")


@pytest.mark.parametrize(("text", "mib"), [("512m", 512), ("2g", 2048), ("1b", 1), ("1025k", 2)])
def test_mebibytes_are_rounded_up(text: str, mib: int) -> None:
    assert parse_size_mib(text) == mib


@pytest.mark.parametrize(("text", "cpu"), [("2", 2), ("0.5", 0.5), ("500m", 0.5), (" .25 ", 0.25)])
def test_cpus_are_read(text: str, cpu: float) -> None:
    assert parse_cpu(text) == cpu


@pytest.mark.parametrize("text", ["", "0", "-1", "m", "2 cores", "1e2", "inf"])
def test_what_is_no_number_of_cpus_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(QuantityError, match="CPUs"):
        parse_cpu(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0004, "0ms"),
        (0.04, "40ms"),
        (0.9999, "1s"),
        (1.25, "1.25s"),
        (59.999, "1m"),
        (90, "1m30s"),
        (3600, "1h"),
        (5405, "1h30m5s"),
        (172800, "2d"),
    ],
)
def test_a_duration_is_written_for_people(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(min_value=0, max_value=10**8))
def test_whole_seconds_come_back_as_they_were(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_what_is_no_duration_is_not_written(seconds: float) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        format_duration(seconds)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        ((1 << 20) - 1, "1 MiB"),
        (512 << 20, "512 MiB"),
        (3 << 40, "3 TiB"),
    ],
)
def test_a_size_is_written_for_people(size: int, text: str) -> None:
    assert format_size(size) == text


def test_a_size_below_nothing_is_not_written() -> None:
    with pytest.raises(ValueError, match="not a size"):
        format_size(-1)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for parse in (parse_duration, parse_size, parse_cpu):
        with contextlib.suppress(QuantityError):
            assert parse(text) >= 0
