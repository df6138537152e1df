"""The README's way to a first job on AWS, as it is written there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.deployed.driver import ARCH, DEPLOY_WITHIN_S, MARKS, STAGE, Deployment, surroundings
from tests.deployed.emulator import REGION, ROOT

pytestmark = MARKS

# What the emulator needs to be told and AWS does not: see docs/emulator.md.
SHIM = f"""#!/bin/sh
command=$1; shift
case $command in
deploy) set -- --yes --stage {STAGE} --region {REGION} --arch {ARCH} --function-arch {ARCH} \\
    --parameter PublicUrl="$PUBLIC_URL" "$@" ;;
enqueue) set -- --arch {ARCH} "$@" ;;
esac
exec "{sys.executable}" -m towline "$command" "$@"
"""


def test_the_readmes_commands_run_a_first_job(deployment: Deployment, tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text().split("\n## On AWS\n", 1)[1].split("\n## ", 1)[0]
    [block] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    commands = block.splitlines()
    assert commands[:2] == ["make environment", ". .venv/bin/activate"]
    shim = tmp_path / "bin" / "towline"
    shim.parent.mkdir()
    shim.write_text(SHIM)
    shim.chmod(0o755)
    env = surroundings() | deployment.emulator.environment()
    env |= {
        "PATH": f"{shim.parent}:{env['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PUBLIC_URL": deployment.emulator.public_url,
        # The deployment has its first token already, so this deploy makes none.
        "TOWLINE_TOKEN": deployment.token,
        "TMPDIR": str(deployment.emulator.folder),
    }
    done = subprocess.run(
        ["bash", "-euc", "\n".join(commands[2:])],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=env,
        timeout=2 * DEPLOY_WITHIN_S,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "hello\n"
