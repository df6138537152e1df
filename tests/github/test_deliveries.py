"""Headers and bodies: what is taken, and in which words the rest is refused."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.github.deliveries import MAX_BODY_BYTES, Delivery, receive
from chalicelib.github.events import Event
from chalicelib.github.read_event import EVENTS, read_event
from chalicelib.github.refusal import Reason, Refusal
from chalicelib.github.signature import sign
from tests.fakes.github_server import payloads

SECRET = "a secret"
GUID = "72D3162E-cc78-11e3-81ab-4c9367dc0958"


def taken(headers: dict[str, str], body: bytes) -> Delivery:
    delivery = receive(headers, body, [SECRET])
    assert isinstance(delivery, Delivery), delivery
    return delivery


def refused(headers: dict[str, str], body: bytes) -> Refusal:
    refusal = receive(headers, body, [SECRET])
    assert isinstance(refusal, Refusal), refusal
    return refusal


@pytest.mark.parametrize("form", [False, True])
def test_json_and_form_are_the_same_delivery(form: bool) -> None:
    """GitHub's default is the form; what needs escaping in it comes out as it went in."""
    payload = {"zen": "50% + 1 & \N{SNOWMAN} = ;", "hook_id": 1}
    headers, body = payloads.delivery("ping", payload, SECRET, form=form, guid=GUID)
    delivery = taken(headers, body)
    assert json.loads(delivery.payload) == payload
    assert (delivery.event, delivery.id) == ("ping", GUID.lower())


def test_what_is_signed_as_json_is_no_form_with_another_delivery_in_it() -> None:
    """The content type is not signed, and a commit's message is its author's."""
    forged = quote(json.dumps({"zen": "forged"}))
    for message in (f"&payload={forged}&", f"payload={forged}"):
        headers, body = payloads.delivery("ping", {"message": message}, SECRET)
        as_form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        assert refused(as_form, body).reason is Reason.NOT_JSON


def test_a_form_has_the_delivery_alone() -> None:
    headers, _ = payloads.delivery("ping", {}, SECRET, form=True)
    body = b"a=1&payload=%7B%7D"
    headers["X-Hub-Signature-256"] = sign(body, SECRET)
    assert refused(headers, body).reason is Reason.NOT_JSON


def test_header_names_come_in_any_case() -> None:
    headers, body = payloads.delivery("ping", {}, SECRET)
    assert taken({name.upper(): value for name, value in headers.items()}, body).event == "ping"


def test_a_delivery_sent_again_under_another_id_has_the_same_digest() -> None:
    """The id is in a header, which is not signed: whoever recorded a delivery can change it."""
    headers, body = payloads.delivery("ping", {"hook_id": 1}, SECRET)
    again = {**headers, "X-GitHub-Delivery": GUID}
    assert taken(headers, body).id != taken(again, body).id
    assert taken(headers, body).digest == taken(again, body).digest


def test_the_signature_comes_before_all_that_the_sender_says() -> None:
    headers, body = payloads.delivery("ping", {}, "another secret")
    for broken in ({}, {"Content-Type": "text/plain"}, {"X-GitHub-Event": "?"}):
        assert refused({**headers, **broken}, body).reason is Reason.NOT_SIGNED
    assert refused(headers, body).status == 401


def test_size_comes_first_and_its_limit_is_taken() -> None:
    body = b" " * MAX_BODY_BYTES
    headers, _ = payloads.delivery("ping", {}, SECRET)
    headers["X-Hub-Signature-256"] = sign(body, SECRET)
    assert taken(headers, body).payload == body
    refusal = refused(headers, body + b" ")
    assert (refusal.reason, refusal.status) == (Reason.TOO_LARGE, 413)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("X-GitHub-Event", "", Reason.WRONG_HEADERS),
        ("X-GitHub-Event", "push\nx", Reason.WRONG_HEADERS),
        ("X-GitHub-Event", "p" * 65, Reason.WRONG_HEADERS),
        ("X-GitHub-Delivery", "", Reason.WRONG_HEADERS),
        ("X-GitHub-Delivery", "../../../../../../../../../../../../", Reason.WRONG_HEADERS),
        ("X-GitHub-Delivery", GUID + "0", Reason.WRONG_HEADERS),
        ("Content-Type", "", Reason.WRONG_CONTENT_TYPE),
        ("Content-Type", "multipart/form-data", Reason.WRONG_CONTENT_TYPE),
        ("Content-Type", "application/jsonp", Reason.WRONG_CONTENT_TYPE),
    ],
)
def test_wrong_headers_are_refused(name: str, value: str, reason: Reason) -> None:
    headers, body = payloads.delivery("ping", {}, SECRET)
    assert refused({**headers, name: value}, body).reason is reason


def test_a_content_type_may_have_a_charset() -> None:
    headers, body = payloads.delivery("ping", {}, SECRET)
    headers["Content-Type"] = "Application/JSON; charset=utf-8"
    assert taken(headers, body).event == "ping"


@pytest.mark.parametrize("body", [b"", b"payload", b"other=1", b"payload=1&payload=2"])
def test_a_form_holds_one_payload(body: bytes) -> None:
    headers, _ = payloads.delivery("ping", {}, SECRET, form=True)
    headers["X-Hub-Signature-256"] = sign(body, SECRET)
    assert refused(headers, body).reason is Reason.NOT_JSON


NAMES = re.findall(
    r"\w+",
    "action ref before after repository id full_name sender login installation commits added "
    "head_commit pull_request number head base sha repo check_run check_suite head_sha name "
    "requested_action identifier repositories repositories_added repositories_removed account",
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["a" * 40, "0" * 40, "refs/heads/x", "o/r", "opened", "rerequested"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=8,
        )
    ),
    max_leaves=25,
)


@given(event=st.sampled_from(EVENTS), payload=json_values)
def test_any_json_is_an_event_or_a_refusal(event: str, payload: object) -> None:
    """What is signed may still be anything, as GitHub's fields are written by its users."""
    result = read_event(Delivery(event, GUID, json.dumps(payload).encode(), ""))
    assert isinstance(result, Refusal | Event)


@given(event=st.sampled_from(EVENTS), payload=st.binary(max_size=60))
def test_any_bytes_are_an_event_or_a_refusal(event: str, payload: bytes) -> None:
    result = read_event(Delivery(event, GUID, payload, ""))
    assert isinstance(result, Refusal | Event)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b'{"a": ',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b'"\\ud800"',
        b"1" * 9999,
    ],
    ids=["empty", "cut", "cut later", "deep list", "deep object", "not text", "half", "long"],
)
def test_odd_json_is_refused_in_words(payload: bytes) -> None:
    for event in EVENTS:
        refusal = read_event(Delivery(event, GUID, payload, ""))
        assert isinstance(refusal, Refusal)
        assert refusal.status in (400, 422)
        assert len(refusal.message) < 600
