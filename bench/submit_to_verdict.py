"""Lane 1: from submit to verdict for a job that does nothing, beside running its script plainly."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.figures import by_turns, line, ratio, title
from towline.local.service import LocalService

SCRIPT = "exit 0\n"
PIPED = """
import subprocess, sys
child = subprocess.Popen(["bash", sys.argv[1]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
sys.stdout.buffer.write(child.stdout.read())
sys.exit(child.wait())
"""


def job(service: LocalService, image: str | None = None) -> Callable[[], object]:
    """One job through a service that is up, from submit to its verdict."""
    client = service.client()

    def run() -> None:
        spec = {"script": SCRIPT, "shell": ["bash"]} | ({"image": image} if image else {})
        submitted = client.submit(spec)
        while not service.pause(10.0):
            continue
        done = client.job(submitted["id"])
        assert done["verdict"] == "passed", done

    return run


def plain(*command: str) -> Callable[[], object]:
    """The command itself, which must pass."""
    return lambda: subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def process_backend(rounds: int) -> None:
    title("Submit to verdict, a no-op job, process backend")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script")
        script.write_text(SCRIPT)
        service = LocalService.start("process")
        try:
            taken = by_turns(
                {
                    "bash": plain("bash", str(script)),
                    "piped": plain(sys.executable, "-c", PIPED, str(script)),
                    "job": job(service),
                },
                rounds,
                warm_up=3,
            )
        finally:
            service.close()
        cold = by_turns(
            {
                "piped": plain(sys.executable, "-c", PIPED, str(script)),
                "run": plain(
                    sys.executable, "-m", "towline", "run", "--backend", "process", str(script)
                ),
            },
            max(3, rounds // 4),
        )
    line(
        "a job / a Python that runs bash through a pipe",
        f"{ratio(taken, 'job', 'piped'):.2f}",
        "<= 2.5",
    )
    line("a job / bash", f"{ratio(taken, 'job', 'bash'):.1f}")
    line("towline run, service and all / the same Python", f"{ratio(cold, 'run', 'piped'):.1f}")


def docker_backend(rounds: int, image: str | None) -> None:
    """``image`` None: the runner's own. Both sides run the same image on the same network."""
    title("Submit to verdict, a no-op job, docker backend")
    service = LocalService.start("docker", progress=lambda text: print(text, flush=True))
    try:
        from towline.backends.docker_engine import Engine

        tag = image or _runner_tag(Engine())
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "script")
            script.write_text(SCRIPT)
            run = plain(
                "docker", "run", "--rm", "--entrypoint", "bash", "--volume", f"{script}:/script:ro",
                tag, "/script",
            )  # fmt: skip
            taken = by_turns({"docker run": run, "job": job(service, image)}, rounds)
    finally:
        service.close()
    line(
        "a job / docker run --rm IMAGE bash script",
        f"{ratio(taken, 'job', 'docker run'):.2f}",
        "<= 1.25",
    )


def _runner_tag(engine: object) -> str:
    from towline.runner_build.ensure import ensure_runner

    return ensure_runner(engine.client, base=None, progress=print).tag  # type: ignore[attr-defined]
