"""Lane 2: a large log through the runner to S3, with masking and compression on."""

from __future__ import annotations

import hashlib
import random
import shlex
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import line, title
from towline.client.follow import follow, read_log
from towline.client.service import Service
from towline.local.service import LocalService

SECRET = "correct-horse-battery-staple"
SEED = 20170202


def lines_file(path: Path, size: int) -> None:
    """Lines of 80 bytes that look like a build's; the same in each run."""
    chance = random.Random(SEED)  # noqa: S311 - filling, not a secret
    block = bytearray()
    number = 0
    while len(block) < 4 << 20:
        number += 1
        module, took = chance.randrange(10**6), chance.random()
        text = f"{number:07d} compiling module_{module:06d}.o in {took:.12f}s"
        block += text.ljust(79, ".").encode()[:79] + b"\n"
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(block[: size - file.tell()])


def one_line_file(path: Path, size: int) -> None:
    """The same text without any line end."""
    lines_file(path, size)
    path.write_bytes(path.read_bytes().replace(b"\n", b" "))


def printed(service: LocalService, client: Service, path: Path) -> tuple[dict[str, Any], float]:
    """A job that has printed the file, and the seconds from its submit to its verdict."""
    client.set_secret("default", "BENCH_SECRET", SECRET)
    begun = time.perf_counter()
    submitted = client.submit(
        {
            "script": f"cat {shlex.quote(str(path))}\n",
            "shell": ["bash"],
            "secrets": ["BENCH_SECRET"],
            "log_limit_bytes": 4 * path.stat().st_size,
        }
    )
    while not service.pause(10.0):
        continue
    took = time.perf_counter() - begun
    job = client.job(submitted["id"])
    assert job["verdict"] == "passed", job
    return job, took


def measure(service: LocalService, what: str, path: Path, aims: tuple[str, str]) -> None:
    """MB per second from submit to verdict, and that nothing was lost or changed."""
    client = service.client()
    job, took = printed(service, client, path)
    size = path.stat().st_size
    report = job["attempts"][-1]["report"]
    seen = hashlib.sha256()
    for page in read_log(client, job["id"]):
        seen.update(page.data)
    want = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            want.update(block)
    same = seen.hexdigest() == want.hexdigest() == report["log"]["sha256"]
    line(f"{what}: MB/s", f"{size / took / 1e6:.0f}", aims[0])
    cpu_ms = 1000 * report["runner_cpu_s"]
    line(f"{what}: CPU ms of the runner per MB", f"{cpu_ms / (size / 1e6):.1f}")
    memory(what, job, aims[1])
    line(
        f"{what}: sha256 as printed, reported and read back",
        "equal" if same else "DIFFERENT",
        "equal",
    )
    assert same


def memory(what: str, job: dict[str, Any], aim: str = "<= 64") -> None:
    peak_kib = job["attempts"][-1]["report"]["runner_peak_kib"]
    line(f"{what}: peak memory of the runner, MiB", f"{peak_kib / 1024:.0f}", aim)


def run(megabytes: int, large: int = 0) -> None:
    """``large``: megabytes of a further log that only the memory is measured of; 0: none."""
    title(
        f"Log: {megabytes} MB of lines and one line of {megabytes // 4} MB, masked and compressed"
    )
    with tempfile.TemporaryDirectory() as folder:
        many, one = Path(folder, "lines"), Path(folder, "line")
        lines_file(many, megabytes * 10**6)
        one_line_file(one, megabytes * 10**6 // 4)
        service = LocalService.start("process")
        try:
            measure(service, "80-byte lines", many, (">= 150", "<= 64"))
            measure(service, "one long line", one, (">= 150", "<= 64"))
            if large:
                lines_file(many, large * 10**6)
                memory(f"{large} MB", printed(service, service.client(), many)[0])
        finally:
            service.close()


def visible(count: int) -> None:
    """Lane 3: how long after it was printed a line is in a follower's hands."""
    title("Print to visible at a follower")
    script = (
        "import random, time\n"
        f"random.seed({SEED})\n"
        f"for _ in range({count}):\n"
        "    print(time.time(), flush=True)\n"
        "    time.sleep(random.random() * 0.4)\n"
    )
    lags: list[float] = []
    rest = b""

    def show(data: bytes) -> None:
        nonlocal rest
        now = time.time()
        *whole, rest = (rest + data).split(b"\n")
        lags.extend(now - float(text) for text in whole if text)

    service = LocalService.start("process")
    try:
        client = service.client()
        job = client.submit({"command": ["python3", "-c", script]})
        follow(client, job["id"], lambda page: show(page.data), pause=service.pause)
    finally:
        service.close()
    lags.sort()
    line("p50, ms", f"{1000 * lags[len(lags) // 2]:.0f}")
    line("p95, ms", f"{1000 * lags[int(len(lags) * 0.95)]:.0f}", "<= 3000")
