"""Real repositories, made by git as tests need them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.test",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.test",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


class Repository:
    """A bare repository below ``root`` and a work tree that pushes to its branch ``main``."""

    def __init__(self, root: Path, name: str, object_format: str = "sha1") -> None:
        self.name = name
        self.bare = root / name
        self.tree = root.parent / f"{name}-tree"
        kind = f"--object-format={object_format}"
        git(root, "init", "--quiet", "--bare", "--initial-branch=main", kind, str(self.bare))
        git(root, "init", "--quiet", "--initial-branch=main", kind, str(self.tree))
        git(self.tree, "remote", "add", "origin", str(self.bare))

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        file = self.tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)

    def commit(self, files: dict[str, str] | None = None, message: str = "a change") -> str:
        """Commit all that the work tree has, with these files; the commit's name."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *refs: str) -> None:
        """Push by force; without refs: what is checked out, as main."""
        self.git("push", "--quiet", "--force", "origin", *(refs or ("HEAD:refs/heads/main",)))

    def pushed(self, files: dict[str, str] | None = None, message: str = "a change") -> str:
        """Commit and push; the commit's name."""
        made = self.commit(files, message)
        self.push()
        return made

    def add_submodule(self, path: str, url: str, commit: str, name: str | None = None) -> None:
        """A link as ``git submodule add`` makes it, whatever the address; to be committed."""
        name = name or path
        self.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        (self.tree / path).mkdir(parents=True, exist_ok=True)
        for field, value in (("path", path), ("url", url)):
            self.git("config", "--file", ".gitmodules", f"submodule.{name}.{field}", value)
        self.git("add", ".gitmodules")

    def commit_index(self, message: str = "a change") -> str:
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        return git(self.tree, *arguments)


def git(folder: Path, *arguments: str) -> str:
    """What one command of git's says."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()
