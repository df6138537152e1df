"""How fast a log passes through the runner, and at what cost: ``python -m tests.runner.measure``.

Prints figures and judges nothing; the machine it runs on decides too much about them.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.runner.conftest import RUNNER
from tests.runner.fake_service import FakeService

MEGABYTE = 1_000_000


def eighty(count: int) -> bytes:
    """Lines as a web server's log has them, 80 bytes each."""
    chance = random.Random(7)  # noqa: S311 - the same lines each time
    places = ["app.server", "app.pool", "worker.queue", "http.client"]
    return b"".join(
        f"{number:09d} INFO {chance.choice(places)} request {chance.getrandbits(32):08x} took "
        f"{chance.randrange(1000)} ms".ljust(79, ".").encode()
        + b"\n"
        for number in range(count)
    )


def measure(name: str, file: Path) -> None:
    """Run ``cat file`` as a job with a secret to mask and print what it took."""
    service = FakeService()
    service.keep_objects = False
    threading.Thread(target=service.serve_forever, daemon=True).start()
    service.limits["flush_s"] = 2.0
    service.script(f"cat {file}", secrets={"TOKEN": "hunter2-S3cr3t-Value-0123456789"})
    surroundings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TOWLINE_CONSOLE": "off"}
    surroundings |= {"TOWLINE_URL": service.url, "TOWLINE_JOB": "j", "TOWLINE_TOKEN": "1.5f"}
    started = time.perf_counter()
    command = [sys.executable, "-I", "-S", str(RUNNER / "__main__.py")]
    process = subprocess.Popen(command, env=surroundings)
    _, _, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - started
    size = file.stat().st_size / MEGABYTE
    with file.open("rb") as opened:
        same = hashlib.file_digest(opened, "sha256").hexdigest() == service.report["log"]["sha256"]
    cpu = (usage.ru_utime + usage.ru_stime) * 1000 / size
    peak = service.report["runner_peak_kib"] >> 10
    print(  # noqa: T201 - that is what it is for
        f"{name}: {size:.0f} MB in {took:.2f} s, {size / took:.0f} MB/s, "
        f"{cpu:.1f} ms of CPU per MB (script included), runner's peak {peak} MiB, "
        f"sha256 {'equal' if same else 'DIFFERS'}"
    )
    service.shutdown()
    service.server_close()


def main() -> None:
    """200 MB of lines, one line of 50 MB, and a log of 1 GB."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lines"
        block = eighty(250_000)
        file.write_bytes(block * 10)
        measure("80-byte lines", file)
        with file.open("wb") as opened:
            opened.writelines([block] * 50)
        measure("80-byte lines", file)
        file.write_bytes(b"0123456789" * 5_000_000)
        measure("one line", file)


if __name__ == "__main__":
    main()
