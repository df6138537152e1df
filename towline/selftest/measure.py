"""Measures the truth of cases by plain execution: `python -m towline.selftest.measure [NAME...]`.

For writing cases, and for the test that compares what a corpus says with what is. Cases that need a
container are for `measure_in_container`; the others run here, as an unprivileged user.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.domain.verdict import Verdict
from towline.selftest.case import HOME_MARK, Case, CaseFile, Ending
from towline.selftest.compare import Observed, differences
from towline.selftest.toml_format import load_toml_corpus

PROGRAM = Path(__file__).with_name("plain_execution.py")
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOBODY = 65534
PLAIN_UID = 1000
DOCKER_RUN = ("docker", "run", "--rm", "--interactive", "--network=none")
KEPT_BYTES = 8 << 20


def plain_environment(case: Case, home: str) -> dict[str, str]:
    """The environment under which expectations hold: three variables and the case's own."""
    env: dict[str, str] = {"PATH": SEARCH_PATH, "HOME": home, "LANG": "C.UTF-8"}
    for name, value in case.env.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value.replace(HOME_MARK, home)
    return env


def argv_of(case: Case, script: str) -> list[str]:
    """How the case's script is executed; a shell with ``-c`` takes its text, not the file."""
    shell = case.shell if case.shell is not None else ("bash",)
    return [*shell] if "-c" in shell else [*shell, script]


def request_of(case: Case, folder: str, home: str, uid: int | None) -> dict[str, Any]:
    """What `plain_execution.py` is to do for this case, with ``folder`` as its directory."""
    script = CaseFile("script", case.script, case.mode)
    limits = case.limits
    return {
        "argv": argv_of(case, f"{folder}/script"),
        "env": plain_environment(case, home),
        "cwd": folder,
        "directories": [folder, home],
        "files": [
            *(_file(item, folder) for item in (script, *case.files)),
            *(_file(item, home) for item in case.home),
            *(_file(item, "") for item in case.image_files),
        ],
        "uid": uid,
        "timeout_s": limits.timeout_s,
        "silence_s": limits.silence_s,
        "cancel_after_s": limits.cancel_after_s,
        "grace_s": limits.grace_s if limits.grace_s is not None else 2.0,
        "drain_s": 2.0,
        "keep_bytes": KEPT_BYTES,
    }


def _file(item: CaseFile, base: str) -> dict[str, str]:
    path = f"{base}/{item.path}" if base else item.path
    return {
        "path": path,
        "mode": item.mode,
        "content": base64.b64encode(item.content.data).decode(),
    }


def measure(case: Case) -> Observed:
    """Execute the case on this machine, in fresh directories, and say how it ended.

    As root it is executed as user 65534. Raises ``RuntimeError`` when the program itself failed.
    """
    uid = NOBODY if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="towline-measure-", ignore_cleanup_errors=True) as top:
        if uid is not None:
            os.chown(top, uid, uid)  # so that a script can remove its own directories from it
        request = request_of(case, f"{top}/job", f"{top}/home", uid)
        answer = subprocess.run(
            [sys.executable, "-I", "-S", str(PROGRAM)],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            check=False,
            timeout=300,
        )
    if answer.returncode:
        raise RuntimeError(f"plain execution of {case.name} ended with {answer.returncode}")
    return observed_of(json.loads(answer.stdout.splitlines()[-1]))


def measure_in_container(case: Case, image: str) -> Observed:
    """Execute the case in a fresh container, the program being its first process, with the plain
    command line of Docker. The image needs python3. Raises ``RuntimeError`` when that failed.
    """
    limits = case.limits
    options = [f"--volume={PROGRAM}:/plain_execution.py:ro", "--entrypoint=python3"]
    options += [f"--tmpfs={path}:size={size},mode=1777" for path, size in limits.tmpfs.items()]
    if limits.memory_bytes is not None:
        options += [f"--memory={limits.memory_bytes}", f"--memory-swap={limits.memory_bytes}"]
    if limits.pids is not None:
        options.append(f"--pids-limit={limits.pids}")
    uid = None if case.user == "root" else PLAIN_UID
    request = request_of(case, "/case/job", "/case/home", uid)
    request["directories"].insert(0, "/case")
    answer = subprocess.run(
        [*DOCKER_RUN, *options, image, "-I", "-S", "/plain_execution.py"],
        input=json.dumps(request).encode(),
        stdout=subprocess.PIPE,
        check=False,
        timeout=300,
    )
    if answer.returncode:
        raise RuntimeError(f"plain execution of {case.name} ended with {answer.returncode}")
    return observed_of(json.loads(answer.stdout.splitlines()[-1]))


def observed_of(answer: Mapping[str, Any]) -> Observed:
    """The program's answer as what was observed."""
    ending = Ending(Verdict(answer["verdict"]), answer["exit_code"], answer["signal"])
    kept = base64.b64decode(answer["output"])
    return Observed(
        ending=ending,
        size=answer["bytes"],
        sha256=answer["sha256"],
        output=kept,
        seconds=answer["seconds"],
    )


def main(names: Sequence[str]) -> int:
    """Print what plain execution gives for the cases named, or for all that need no container."""
    for case in load_toml_corpus():
        if case.needs or (names and case.name not in names):
            continue
        observed = measure(case)
        said = "; ".join(differences(case, observed)) or "as written"
        sys.stdout.write(f"{case.name}: {observed.ending}, {observed.size} bytes: {said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
