"""The log that a follower puts together is what the script wrote, byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner.conftest import Start
from tests.runner.fake_service import DROP, FakeService, Hang

Run = Callable[..., int]


def whole(service: FakeService) -> bytes:
    """The log, after checking everything that the report says of it."""
    log = service.log
    said = service.report["log"]
    assert said["bytes"] == len(log)
    assert said["sha256"] == hashlib.sha256(log).hexdigest()
    assert said["chunks"] == len(service.chunk_names())
    assert said["archived"] is ("log.gz" in service.objects)
    if said["archived"]:
        assert gzip.decompress(service.objects["log.gz"]) == log
        members = b"".join(service.objects[name] for name in service.chunk_names())
        assert service.objects["log.gz"] == members
    return log


def test_every_byte_is_kept(run: Run, service: FakeService, tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000 + os.urandom(3_000_000) + b"\xff no newline at the end"
    (tmp_path / "data").write_bytes(data)
    run(f"cat {tmp_path}/data")
    assert whole(service) == data
    assert service.report["log"]["archived"] is True


def test_one_line_of_50_megabytes_passes(run: Run, service: FakeService) -> None:
    service.limits["flush_s"] = 2.0
    run(
        "head -c 50000000 /dev/zero | tr '\\0' x", secrets={"S": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy"}
    )
    log = whole(service)
    assert len(log) == 50_000_000
    assert log == b"x" * len(log)
    assert all(int(name.split("-")[2].split(".")[0]) <= 8 << 20 for name in service.chunk_names())


def test_many_short_writes_are_not_many_chunks(run: Run, service: FakeService) -> None:
    service.limits["flush_s"] = 60
    run("for ((i = 0; i < 20000; i++)); do echo $i; done", by=["bash"])
    assert whole(service) == b"".join(b"%d\n" % i for i in range(20000))
    assert len(service.chunk_names()) <= 3


def test_output_is_there_while_the_script_runs(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    service.limits["flush_s"] = 0.05
    service.script(
        f"printf first; until [ -e {tmp_path}/go ]; do sleep 0.02; done; printf second;"
        f"until [ -e {tmp_path}/on ]; do sleep 0.02; done"
    )
    runner = start()
    service.wait_for(lambda: service.log == b"first")
    (tmp_path / "go").touch()
    service.wait_for(lambda: service.log == b"firstsecond")
    (tmp_path / "on").touch()
    assert runner.wait() == 0


def test_no_output_makes_no_object(run: Run, service: FakeService) -> None:
    run("exit 0")
    assert whole(service) == b""
    assert service.objects == {}


def test_the_permits_fields_come_before_the_file(run: Run, service: FakeService) -> None:
    run("echo hi")
    assert service.upload_fields[0] == {"key": "logs/j/1/${filename}", "policy": "first"}


def test_head_and_tail_are_kept_at_the_limit(run: Run, service: FakeService) -> None:
    service.limits["log_limit_bytes"] = 20_000
    assert run("seq 1 100000; exit 9") == 9
    everything = b"".join(b"%d\n" % i for i in range(1, 100001))
    log = whole(service)
    line = re.search(rb"\n\[towline: (\d+) bytes of output left out here[^\n]*\]\n", log)
    assert line is not None
    assert log[: line.start()] == everything[:10_000]
    assert log[line.end() :] == everything[-10_000:]
    omitted = len(everything) - 20_000
    assert int(line.group(1)) == service.report["log"]["omitted_bytes"] == omitted


def test_a_log_of_exactly_the_limit_is_not_cut(run: Run, service: FakeService) -> None:
    service.limits["log_limit_bytes"] = 20_000
    run("head -c 20000 /dev/zero | tr '\\0' x")
    assert whole(service) == b"x" * 20_000
    assert service.report["log"]["omitted_bytes"] == 0


def test_secrets_are_masked_across_writes(run: Run, service: FakeService) -> None:
    run(
        'printf "[%s]" "$TOKEN"; printf %s "${TOKEN:0:7}"; sleep 0.3; printf "%s|" "${TOKEN:7}";'
        'printf %s "$TOKEN" | base64; printf %s "x$TOKEN" | base64; printf %s "${TOKEN:0:5}"',
        by=["bash"],
        secrets={"TOKEN": "s3cret-Value/42"},
    )
    assert whole(service) == b"[***]***|***\neH***g==\ns3cre"


def test_the_console_copy_is_masked_too(service: FakeService, start: Start) -> None:
    service.script('echo "now $TOKEN"', secrets={"TOKEN": "s3cret-Value/42"})
    assert start().finish() == (0, b"now ***\n", b"")


def test_the_console_copy_can_be_off(service: FakeService, start: Start) -> None:
    service.script("echo hi")
    assert start({"TOWLINE_CONSOLE": "off"}).finish() == (0, b"", b"")


def test_a_console_that_nobody_reads_does_not_stall_the_job(
    service: FakeService, start: Start
) -> None:
    service.script("head -c 9000000 /dev/zero; exit 3")
    runner = start()
    assert runner.wait() == 3
    assert len(whole(service)) == 9_000_000


def test_a_secret_too_short_to_mask_is_named_once(run: Run, service: FakeService) -> None:
    run('echo "$A"', secrets={"A": "abc", "B": "long enough"})
    first, rest = whole(service).split(b"\n", 1)
    assert first == b"[towline: too short to be masked in this log: A]"
    assert rest == b"abc\n"


def test_uploads_are_repeated_until_they_are_there(run: Run, service: FakeService) -> None:
    service.trouble("bucket", 500, DROP, 503, DROP)
    assert run("echo hello") == 0
    assert whole(service) == b"hello\n"


def test_an_old_permit_is_replaced_by_the_heartbeats_fresh_one(
    service: FakeService, start: Start
) -> None:
    service.refuse_uploads_with = 403
    service.script("echo hello")
    runner = start()
    service.wait_for(lambda: service.bodies("bucket"))
    service.wait_for(lambda: service.bodies("heartbeat"))
    service.heartbeat_reply = {"cancel": False, "permit": service.permit("fresh")}
    # The refused upload asks for a heartbeat at once, though the next is ten minutes away.
    service.refuse_uploads_with = None
    assert runner.wait() == 0
    assert whole(service) == b"hello\n"


def test_storage_that_is_away_costs_no_output_and_holds_up_no_script(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    service.limits["flush_s"] = 0.01
    service.refuse_uploads_with = 503
    data = os.urandom(1 << 20)
    (tmp_path / "data").write_bytes(data)
    service.script(f"for i in 1 2 3 4 5 6 7 8; do cat {tmp_path}/data; done; touch {tmp_path}/end")
    runner = start()
    service.wait_for(lambda: service.bodies("bucket"))
    service.wait_for(lambda: (tmp_path / "end").exists() or len(service.bodies("bucket")) > 3)
    service.refuse_uploads_with = None
    assert runner.wait() == 0
    assert whole(service) == data * 8
    assert service.report["log"]["dropped_bytes"] == 0


def test_the_allowance_ends_and_the_report_says_what_is_missing(
    run: Run, service: FakeService
) -> None:
    service.limits["allowance_s"] = 0.5
    service.refuse_uploads_with = 503
    assert run("echo hello; exit 2") == 2
    assert service.objects == {}
    said = service.report["log"]
    assert (said["bytes"], said["dropped_bytes"], said["archived"]) == (6, 6, False)


def test_an_upload_that_hangs_does_not_keep_the_report_past_the_allowance(
    run: Run, service: FakeService
) -> None:
    hang = Hang()
    service.limits["allowance_s"] = 0.5
    service.trouble("bucket", hang)
    assert run("echo hello; exit 2") == 2
    assert service.report["log"]["dropped_bytes"] == 6
    hang.release.set()


def test_an_archive_larger_than_the_permit_allows_is_not_tried(
    run: Run, service: FakeService
) -> None:
    service.max_bytes = 300_000
    run("head -c 1000000 /dev/urandom")
    assert len(whole(service)) == 1_000_000
    assert service.report["log"]["archived"] is False


def test_a_full_disk_costs_nothing_of_a_short_log(
    service: FakeService, start: Start, tmp_path: Path
) -> None:
    def no_file_may_grow() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))

    service.script("seq 1 5000")
    runner = start(preexec_fn=no_file_may_grow)
    assert runner.wait() == 0
    assert whole(service) == b"".join(b"%d\n" % i for i in range(1, 5001))
    assert service.report["log"]["archived"] is True


@pytest.mark.parametrize("unbuffered", [True, False])
def test_the_last_words_before_a_crash_are_there(
    run: Run, service: FakeService, unbuffered: bool
) -> None:
    data = 300_000
    command = "cat" if unbuffered else "dd bs=1000 status=none"
    assert run(f"head -c {data} /dev/zero | {command}; printf end; kill -9 $$") == 137
    assert whole(service) == bytes(data) + b"end"
