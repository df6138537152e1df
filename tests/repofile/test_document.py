"""YAML text to nodes: bounds, places, and words for every fault."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.repofile.document import MAX_BYTES, load
from chalicelib.repofile.nodes import as_data, find
from chalicelib.repofile.problems import FileError, Problem


def problem(text: str | bytes) -> str:
    with pytest.raises(FileError) as caught:
        load(text.encode() if isinstance(text, str) else text)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].shown("f")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: yes", {"on": "yes"}),
        ("a: 0755", {"a": "0755"}),
        ("a: 3.10", {"a": "3.10"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("a: 0x1F", {"a": "0x1F"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: .inf", {"a": ".inf"}),
        ("a: null", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: 'null'", {"a": "null"}),
        ("a:", {"a": ""}),
        ("1: x\n01: y", {"1": "x", "01": "y"}),
        ("a: !!str 5", {"a": "5"}),
        ("a: &x [1, 2]\nb: *x", {"a": ("1", "2"), "b": ("1", "2")}),
        ("'<<': 1", {"<<": "1"}),
        ("\ufeffa: b", {"a": "b"}),
        ("a: |\r\n  x\r\n  y\r\n", {"a": "x\ny\n"}),
    ],
)
def test_values_are_kept_as_they_are_written(text: str, value: object) -> None:
    assert as_data(load(text.encode())) == value


def test_a_merge_adds_what_is_not_there() -> None:
    one = as_data(load(b"a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3"))
    assert one["b"] == {"p": "1", "q": "3"}
    two = as_data(load(b"x: &x {p: 1}\ny: &y {p: 2, q: 3}\nb: {<<: [*x, *y]}"))
    assert two["b"] == {"p": "1", "q": "3"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a:\n\t- b", "f:2:1: a tab: YAML is indented with spaces alone"),
        ("a: b: c", "f:1:5: ': ' is not expected here: quote the text"),
        ("a: 'x\nb: y", "f:1:4: a quote was opened and is not closed"),
        ('a: "\\d"', "f:1:6: an unknown escape"),
        ("a: @b", "f:1:4: a text can't begin with '@': quote it"),
        ("a: [1, 2", "',' or ']' is expected here"),
        ("a:\n  - b\n c: d", "f:3:2: this line does not fit the ones above"),
        ("a: - b", "f:1:4: a list can't begin here"),
        ("a: 1\nb: 2\na: 3", "f:3:1: the key 'a' is here twice: first in line 1"),
        ("a: *x", "f:1:4: *x names no anchor"),
        ("a: &x [*x]", "f:1:8: *x stands inside the value that it means"),
        ("a: !!python/object:os.system {}", "f:1:4: tags such as"),
        ("a: 1\n---\nb: 2", "f:2:1: a second document begins here"),
        ("[a]: b", "f:1:1: a list or mapping can't be a key"),
        ("<<: 5", "'<<' takes a mapping"),
        ("", "f:1:1: the file is empty"),
        ("# only words\n", "f:1:1: the file is empty"),
        ("a: \x01", "f:1:4: special characters are not allowed"),
        ('a: "\\0"', "f:1:4: a text can't hold a NUL"),
        ('a: "\\ud800"', "f:1:4: a text can't hold a NUL or half a character"),
        ('"\\UFFFFFFFF"', "f:1:1: the file can't be read"),
        (b"a: \xff", "f:1:4: the byte 0xff is not UTF-8"),
        (b"x\n\xc3\xa4\xff", "f:2:2: the byte 0xff is not UTF-8"),
        (b"\xff\xfea\x00", "f:1:1: the file is UTF-16: save it as UTF-8"),
        ("a" * (MAX_BYTES + 1), "f:1:1: larger than 64 KiB"),
        ("[" * 30, "nested more than 24 deep"),
        ("- " * 30, "nested more than 24 deep"),
        ("a: [" + "b," * 12000 + "]", "more than 10000 values"),
    ],
)
def test_every_fault_has_a_place_and_a_sentence(text: str | bytes, says: str) -> None:
    assert says in problem(text)


def test_aliases_can_not_blow_a_file_up() -> None:
    """Nine levels of ten aliases each would be a billion values."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{level}: &a{level} [{f'*a{level - 1}, ' * 10}]" for level in range(1, 10)]
    assert "more than 10000 values, counting what aliases repeat" in problem("\n".join(lines))


HOSTILE = ["[", "{", "- ", "? ", "[? ", "{a: ", "a: ", "&a ", "!", "'", '"\\x41', "-\n", "a: |\n "]


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_of_the_allowed_size_takes_long(piece: str) -> None:
    """Processor time, not the clock: another process must not make it fail. It is a hundredth."""
    began = time.process_time()
    with contextlib.suppress(FileError):
        load((piece * MAX_BYTES)[:MAX_BYTES].encode())
    assert time.process_time() - began < 20


def test_places_are_found_by_path() -> None:
    root = load(b"jobs:\n  unit:\n    script: [a, b]\n")
    found = find(root, ["jobs", "unit", "script", 1])
    assert (found.value, found.complete) == ((3, 17), True)
    found = find(root, ["jobs", "unit", "image"])
    assert (found.key, found.complete) == ((2, 3), False)


PIECES = st.sampled_from(
    [
        "a",
        "b: ",
        "- ",
        "\n",
        "  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&x ",
        "*x",
        "'",
        '"',
        "|\n",
        ">",
        "!",
        "%",
        "@",
        "#",
        "? ",
        ": ",
        "<<: ",
        "---\n",
        "...\n",
        "\\",
        "null",
        "é",
        "\x00",
        "\x85",
    ]
)


@given(
    st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=60).map("".join).map(str.encode))
)
@example(b"%YAML 9999999999999999999999.1\n---\na")
@example(b'"\\xZZ"')
@example(b"!<" + b"\xff")
@example(b"%TAG ! tag:%FF%FE\n---\n!x y")
def test_whatever_the_bytes_are_there_is_a_tree_or_a_file_error(content: bytes) -> None:
    found: tuple[Problem, ...] | None = None
    try:
        as_data(load(content))
    except FileError as wrong:
        found = wrong.problems
    assert found is None or found
    for each in found or ():
        assert min(each.mark) >= 1
        assert "\n" not in each.shown("f")
