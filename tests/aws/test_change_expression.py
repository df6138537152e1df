"""Changes as UpdateItem's arguments: what is written, and that nothing is mistaken for syntax."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.attribute_values import decode, encode, encode_item
from chalicelib.aws.change_expression import update_arguments
from chalicelib.domain.change import Change, Equals
from tests.aws.world import NOW


def _arguments(change: Change) -> dict[str, Any]:
    return update_arguments(change, now=NOW, open_key="OPEN#3", waiting_key="WAIT#3")


def _readable(change: Change) -> str:
    """The update expression with names and values put in."""
    arguments = _arguments(change)
    text = str(arguments["UpdateExpression"])
    values = arguments["ExpressionAttributeValues"]
    for placeholder in sorted(values, key=len, reverse=True):
        text = text.replace(placeholder, json.dumps(decode(values[placeholder])))
    names = arguments["ExpressionAttributeNames"]
    for placeholder in sorted(names, key=len, reverse=True):
        text = text.replace(placeholder, names[placeholder])
    return text


def test_every_change_counts_the_version_up_and_notes_the_time() -> None:
    assert _readable(Change({("state",): "running"})) == (
        'SET state = "running", updated_at = "2026-01-02T03:04:05.000000Z", version = version + 1'
    )


def test_a_due_time_puts_the_job_into_the_index_and_its_removal_takes_it_out() -> None:
    due = _readable(Change({("due_at",): "2026-01-02T04:00:00Z"}))
    assert 'due_at = "2026-01-02T04:00:00.000000Z"' in due
    assert 'open_pk = "OPEN#3"' in due
    assert _readable(Change(remove=(("due_at",),))).endswith("REMOVE due_at, open_pk")
    assert _readable(Change({("due_at",): None})).endswith("REMOVE due_at, open_pk")
    assert "open_pk" not in _readable(Change({("state",): "running"}))


def test_a_job_whose_id_was_sent_waits_in_a_partition_of_its_own() -> None:
    now = "2026-01-02T04:00:00Z"
    assert 'open_pk = "WAIT#3"' in _readable(Change({("sent_at",): now, ("due_at",): now}))


def test_due_times_are_in_utc_whatever_they_were_given_in() -> None:
    there = datetime(2026, 1, 2, 5, 0, tzinfo=timezone(timedelta(hours=2)))
    for value in (there, "2026-01-02T05:00:00+02:00", "2026-01-02T03:00:00Z"):
        assert 'due_at = "2026-01-02T03:00:00.000000Z"' in _readable(Change({("due_at",): value}))


def test_no_name_or_value_is_ever_in_an_expression() -> None:
    change = Change({("a.b", "#n0", ":v0"): "SET x = y"}, when=(Equals(("size(x)",), "OR true"),))
    arguments = _arguments(change)
    text = arguments["UpdateExpression"] + arguments["ConditionExpression"]
    for word in ("a.b", ":v0 =", "size", "true", "x = y"):
        assert word not in text
    assert set(arguments["ExpressionAttributeNames"].values()) >= {"a.b", "#n0", ":v0", "size(x)"}


def test_a_name_that_is_used_twice_has_one_placeholder() -> None:
    change = Change(
        {("attempts", "1", "nonce"): "x"}, when=(Equals(("attempts", "1", "number"), 1),)
    )
    names = list(_arguments(change)["ExpressionAttributeNames"].values())
    assert len(names) == len(set(names))


def test_none_inside_a_mapping_is_left_out() -> None:
    assert encode_item({"a": None, "b": {"c": None, "d": 0}}) == {"b": {"M": {"d": {"N": "0"}}}}


_json = st.recursive(
    st.booleans()
    | st.integers(-(10**37), 10**37)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100).filter(
        lambda number: number == 0 or abs(number) > 1e-100
    )
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_json)
def test_values_come_back_as_they_were(value: Any) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), [object()]])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="can't be stored"):
        encode(value)


def test_a_time_is_stored_so_that_it_sorts() -> None:
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=n * 250) for n in range(9)]
    texts = [encode(time)["S"] for time in times]
    assert texts == sorted(texts)
