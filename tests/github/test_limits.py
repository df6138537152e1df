"""How long GitHub wants to be left alone, as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.github.client.limits import BROKEN_S, LONGEST_S, SECONDARY_S, wait_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
IN_A_MINUTE = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 60)}
DATE = {"retry-after": "Mon, 23 Nov 2026 12:00:20 GMT"}


@pytest.mark.parametrize(
    ("status", "headers", "message", "seconds", "told", "limited"),
    [
        (403, {"retry-after": "17"}, "", 17, True, True),
        (429, {"retry-after": "17"}, "", 17, True, True),
        (403, {"retry-after": "17", **IN_A_MINUTE}, "", 17, True, True),
        (403, IN_A_MINUTE, "API rate limit exceeded", 61, True, True),
        (429, IN_A_MINUTE, "", 61, True, True),
        (403, {"x-ratelimit-remaining": "0"}, "", SECONDARY_S, False, True),
        (429, {}, "", SECONDARY_S, False, True),
        (403, {}, "You have exceeded a secondary rate limit.", SECONDARY_S, False, True),
        (403, {}, "You have triggered an abuse detection mechanism.", SECONDARY_S, False, True),
        (403, DATE, "", 20, True, True),
        (403, {"retry-after": "999999"}, "", LONGEST_S, True, True),
        (403, {"retry-after": "-5"}, "", 0, True, True),
        (502, {}, "", BROKEN_S, False, False),
        (503, {"retry-after": "2"}, "", 2, True, False),
        (408, {}, "", BROKEN_S, False, False),
    ],
)
def test_what_is_waited_out(
    status: int, headers: dict[str, str], message: str, seconds: float, told: bool, limited: bool
) -> None:
    wait = wait_of(status, headers, message, NOW)
    assert wait is not None
    assert (wait.seconds, wait.told, wait.limited) == (seconds, told, limited)


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (200, IN_A_MINUTE, ""),
        (201, {}, ""),
        (403, {"x-ratelimit-remaining": "4999"}, "Resource not accessible by integration"),
        (403, {}, "You must authenticate via a GitHub App."),
        (401, {}, "Bad credentials"),
        (404, {}, "Not Found"),
        (422, {}, "No commit found"),
    ],
)
def test_what_waiting_would_not_change(status: int, headers: dict[str, str], message: str) -> None:
    assert wait_of(status, headers, message, NOW) is None


def test_a_reset_in_the_past_is_no_wait() -> None:
    """Our clock may be ahead of GitHub's."""
    wait = wait_of(403, IN_A_MINUTE, "", NOW + timedelta(hours=1))
    assert wait is not None
    assert wait.seconds == 0


headers = st.dictionaries(
    st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]),
    st.text(max_size=12)
    | st.sampled_from(["0", "nan", "inf", "-inf", "1e309", "Mon, 23 Nov 99999 12:00:00 GMT"])
    | st.floats().map(str),
)


@given(status=st.integers(100, 599), headers=headers, message=st.text(max_size=30))
def test_no_header_makes_it_fail_or_wait_for_ever(
    status: int, headers: dict[str, str], message: str
) -> None:
    wait = wait_of(status, headers, message, NOW)
    assert wait is None or 0 <= wait.seconds <= LONGEST_S
