"""Small parts by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runner.conftest import RUNNER
from towline_runner import codec, identity, signals
from towline_runner.chunker import Chunker
from towline_runner.compress import Compressors, RawChunk
from towline_runner.head_tail import HeadTail
from towline_runner.spool import IN_MEMORY_LIMIT, Spool
from towline_runner.wire import Address
from towline_runner.work import NotStarted

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_is_written_and_read_as_the_library_does(value: object) -> None:
    assert json.loads(codec.dumps(value)) == value
    assert codec.loads(json.dumps(value, indent=1).encode()) == value


@pytest.mark.parametrize("text", [b"", b"{", b"[1] 2", b"\xff", b"nope", b'{"a" 1}'])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        codec.loads(text)


@given(st.lists(st.binary(max_size=50)), st.integers(1, 200), st.integers(1, 80))
def test_head_and_tail_are_the_ends_of_the_stream(
    blocks: list[bytes], limit: int, tail: int
) -> None:
    cut = HeadTail(limit, tail)
    head = b"".join(map(cut.feed, blocks))
    end = b"".join(cut.finish())
    data = b"".join(blocks)
    kept = min(limit, len(data))
    assert len(head) + len(end) == kept
    assert data.startswith(head)
    assert data.endswith(end)
    assert cut.omitted == len(data) - kept


class Sunk(Compressors):
    """Keeps the chunks instead of compressing them."""

    def __init__(self) -> None:
        super().__init__(lambda _chunk, _member: None)
        self.chunks: list[RawChunk] = []

    def add(self, chunk: RawChunk) -> None:
        self.chunks.append(chunk)


@given(st.lists(st.binary(min_size=1, max_size=30)), st.integers(1, 20))
def test_chunks_join_without_gaps_and_none_is_too_large(blocks: list[bytes], most: int) -> None:
    sink = Sunk()
    chunker = Chunker(sink, 2.0, most)
    for block in blocks:
        chunker.feed(block, 0.0)
    chunker.flush(0.0)
    joined = b""
    for number, chunk in enumerate(sink.chunks):
        assert (chunk.offset, chunk.sequence) == (len(joined), number)
        data = b"".join(chunk.blocks)
        assert 0 < len(data) == chunk.size <= most
        joined += data
    assert joined == b"".join(blocks)
    assert chunker.total == len(joined)


def test_the_first_words_leave_at_once_and_the_next_after_the_interval() -> None:
    chunker = Chunker(Sunk(), 2.0)
    assert chunker.due_at() is None
    chunker.feed(b"a", 100.0)
    assert chunker.due_at() == pytest.approx(100.0, abs=0.1)
    chunker.flush(100.1)
    chunker.feed(b"b", 100.2)
    assert chunker.due_at() == pytest.approx(102.1)
    chunker.flush(102.1)
    chunker.feed(b"c", 500.0)
    assert chunker.due_at() == pytest.approx(500.0, abs=0.1)


@pytest.mark.parametrize("places", [["/no/such/place", "{tmp}"], ["/no/such/place"]])
def test_the_spool_gives_back_what_it_was_given(places: list[str], tmp_path: Path) -> None:
    spool = Spool([place.format(tmp=tmp_path) for place in places])
    pieces = [spool.add(zlib.compress(bytes([number]) * 700_000, 0)) for number in range(3)]
    on_disk = len(places) == 2
    assert all((piece.data is None) is on_disk for piece in pieces)
    assert spool.complete
    assert b"".join(spool.whole()) == b"".join(b"".join(spool.blocks(piece)) for piece in pieces)
    assert spool.size == sum(piece.size for piece in pieces)
    assert list(tmp_path.iterdir()) == []


def test_without_a_disk_a_long_log_is_sent_but_not_put_together() -> None:
    spool = Spool([])
    piece = spool.add(bytes(IN_MEMORY_LIMIT))
    whole_so_far = spool.complete
    last = spool.add(b"x")
    assert (whole_so_far, spool.complete) == (True, False)
    assert spool.size == 0
    assert b"".join(spool.blocks(piece)) == bytes(IN_MEMORY_LIMIT)
    assert b"".join(spool.blocks(last)) == b"x"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://h", (False, "h", 80, "", "h")),
        ("https://h/a/b", (True, "h", 443, "/a/b", "h")),
        ("http://h:8080/", (False, "h", 8080, "/", "h:8080")),
        ("https://[::1]:8443", (True, "::1", 8443, "", "[::1]:8443")),
        ("http://[fd00::2]/x", (False, "fd00::2", 80, "/x", "[fd00::2]")),
    ],
)
def test_addresses(url: str, parts: tuple[object, ...]) -> None:
    got = Address(url)
    assert (got.secure, got.host, got.port, got.path, got.authority) == parts


@pytest.mark.parametrize("url", ["", "h:80", "ftp://h", "http://", "http://h:x", "http://:80"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"http|host"):
        Address(url)


@pytest.fixture
def users(tmp_path: Path) -> tuple[str, str]:
    passwd, group = tmp_path / "passwd", tmp_path / "group"
    passwd.write_text(
        "root:x:0:0:root:/root:/bin/sh\nbuilder:x:1000:100:B:/home/builder:/bin/sh\n"
        "broken line\n4242:x:7:8::/odd:\n+::::::\n"
    )
    group.write_text(
        "root:x:0:\nusers:x:100:\ndocker:x:999:root,builder\nbroken\nwheel:x:10:root\n"
    )
    return str(passwd), str(group)


@pytest.mark.parametrize(
    ("text", "uid", "gid", "groups", "home"),
    [
        ("builder", 1000, 100, [100, 999], "/home/builder"),
        ("1000", 1000, 100, [100, 999], "/home/builder"),
        ("root", 0, 0, [0, 10, 999], "/root"),
        ("555", 555, 0, [0], None),
        ("555:666", 555, 666, [666], None),
        ("builder:wheel", 1000, 10, [10], "/home/builder"),
        ("4242", 7, 8, [8], "/odd"),
    ],
)
def test_users_are_resolved_as_docker_does(
    users: tuple[str, str], text: str, uid: int, gid: int, groups: list[int], home: str | None
) -> None:
    got = identity.resolve(text, *users)
    assert (got.uid, got.gid, got.groups, got.home) == (uid, gid, groups, home)


@pytest.mark.parametrize("text", ["555", "555:666"])
def test_numbers_need_no_file_of_users(text: str) -> None:
    assert identity.resolve(text, "/no/passwd", "/no/group").uid == 555


@pytest.mark.parametrize("text", ["ghost", "builder:ghosts", "99999999999"])
def test_an_unknown_user_is_refused_in_words(users: tuple[str, str], text: str) -> None:
    with pytest.raises(NotStarted, match=r"\.$"):
        identity.resolve(text, *users)


@pytest.mark.parametrize(
    ("send", "genuine"),
    [
        ("os.kill(os.getpid(), 15)", "True"),
        # sigqueue lets the sender fill in the details itself, so they prove nothing.
        ("ctypes.CDLL(None).sigqueue(os.getpid(), 15, None)", "False"),
    ],
)
def test_a_sender_is_believed_only_when_the_kernel_vouches(send: str, genuine: str) -> None:
    program = (
        "import ctypes, os; from towline_runner import signals; signals.block_all();"
        f"{send}; got = signals.wait(30); print(got.number, got.genuine)"
    )
    command = [sys.executable, "-c", program]
    around = {"PYTHONPATH": str(RUNNER.parent)}
    output = subprocess.run(command, env=around, check=True, capture_output=True, text=True).stdout
    assert output.split() == ["15", genuine]


@pytest.mark.parametrize(
    ("sender", "genuine", "own", "stop"),
    [
        (0, True, 1, True),  # from outside the PID namespace
        (57, True, 1, False),  # from the job
        (0, False, 1, False),  # a sender that was made up
        (0, True, 500, True),  # the kernel: a terminal
        (57, True, 500, False),  # a process that the job started
        (58, True, 500, True),  # anybody else
        (58, False, 500, False),
    ],
)
def test_who_may_stop_the_job(sender: int, genuine: bool, own: int, stop: bool) -> None:
    received = signals.Received(15, sender, genuine=genuine)
    assert received.asks_to_stop
    descends = {57}.__contains__
    assert signals.from_outside(received, own_pid=own, descends=descends) is stop
