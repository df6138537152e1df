"""A corpus of directories: each case is a folder with `case.json` and `script` (exact bytes).

The expectation is in `expect` (`verdict`, `exit_code`, `signal`) and in `output_exact_b64`,
`output_bytes`, `output_sha256`, `output_contains` and `output_not_contains`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.domain.verdict import Verdict
from towline.selftest.case import (
    Case,
    CaseFile,
    CorpusError,
    Ending,
    Limits,
    Need,
    OutputRule,
)
from towline.selftest.content import Content
from towline.selftest.sizes import parse_size

_IGNORED_NEEDS = {
    "rootfs",  # said by rootfs_files
    "root-job",  # said by user
    "nonroot-job",  # said by user
    "cwd-script",  # always so here
}
_PACKAGES = {"ncurses-bin": "tput"}
_USERS = {None: None, "root": "root", "builder": "plain"}


def load_directory_corpus(folder: Path) -> list[Case]:
    """All cases of a folder, by name. Raises ``CorpusError``: there is none, or one is broken."""
    cases = [_load_case(path.parent) for path in sorted(folder.glob("*/case.json"))]
    if not cases:
        raise CorpusError(
            f"{folder} holds no case: each is a directory with the files case.json and script"
        )
    return cases


def _load_case(folder: Path) -> Case:
    try:
        table = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        script = (folder / "script").read_bytes()
        return _case(table, script)
    except FileNotFoundError:
        raise CorpusError(f"{folder} has no file named script") from None
    except KeyError as error:
        raise CorpusError(f"{folder / 'case.json'}: {error.args[0]!r} is missing") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise CorpusError(f"{folder / 'case.json'}: {error}") from None


def _case(table: Mapping[str, Any], script: bytes) -> Case:
    expect = table["expect"]
    needs, programs, slow = _needs(table.get("needs", ()))
    shell = table["shell"]
    user = table.get("user")
    if user not in _USERS:
        raise ValueError(f"user {user!r}: give root or builder, or none")
    return Case(
        name=table["name"],
        why=table.get("why", ""),
        script=Content.of(script),
        ends=Ending(Verdict(expect["verdict"]), expect.get("exit_code"), expect.get("signal")),
        group=next(iter(table.get("tags", ())), ""),
        shell=tuple(shell) if shell is not None else None,
        mode=table.get("mode", "0644"),
        env=dict(table.get("env") or {}),
        files=_files(table.get("files")),
        home=_files(table.get("home_files")),
        image_files=_files(table.get("rootfs_files")),
        user=_USERS[user],
        limits=_limits(table.get("limits") or {}, table.get("needs", ())),
        needs=needs,
        programs=programs,
        slow=slow,
        output=_output(table),
        also=frozenset(_other_verdict(item) for item in table.get("also_acceptable") or ()),
        policy=table.get("policy") or "",
    )


def _other_verdict(item: Any) -> Verdict:
    return Verdict(item["verdict"] if isinstance(item, Mapping) else item)


def _needs(words: Any) -> tuple[frozenset[Need], frozenset[str], bool]:
    needs: set[Need] = set()
    programs: set[str] = set()
    slow = False
    for word in words:
        if word in set(Need):
            needs.add(Need(word))
        elif word == "slow":
            slow = True
        elif word == "same-uid-runner":
            needs.add(Need.SAME_UID)
        elif word not in _IGNORED_NEEDS and ":" not in word:
            programs.add(_PACKAGES.get(word, word))
    return frozenset(needs), frozenset(programs), slow


def _files(table: Mapping[str, Any] | None) -> tuple[CaseFile, ...]:
    """``{path: text}`` or, for the image's, ``{path: [mode, text]}``."""
    files = []
    for path, value in (table or {}).items():
        mode, text = ("0644", value) if isinstance(value, str) else value
        files.append(CaseFile(path, Content.of(text.encode()), mode))
    return tuple(files)


def _limits(table: Mapping[str, Any], needs: Any) -> Limits:
    sizes = dict(word.split(":", 1) for word in needs if word.startswith(("memory:", "pids:")))
    memory = table.get("memory", sizes.get("memory"))
    pids = table.get("pids", sizes.get("pids"))
    return Limits(
        timeout_s=table.get("timeout_s"),
        grace_s=table.get("grace_s"),
        cancel_after_s=table.get("cancel_after_s"),
        wall_s=table.get("wall_max_s"),
        memory_bytes=parse_size(memory) if memory is not None else None,
        pids=int(pids) if pids is not None else None,
        tmpfs=dict(table.get("tmpfs") or _tmpfs(needs)),
    )


def _tmpfs(needs: Any) -> dict[str, str]:
    """The small file systems that needs name as ``tmpfs:path:size``."""
    words = (word.split(":") for word in needs if word.startswith("tmpfs:"))
    return {path: size for _, path, size in words}


def _output(table: Mapping[str, Any]) -> OutputRule:
    encoded = table.get("output_exact_b64")
    exact = base64.b64decode(encoded, validate=True) if encoded is not None else None
    return OutputRule(
        size=table.get("output_bytes"),
        sha256=table.get("output_sha256"),
        exact=exact,
        contains=tuple(text.encode() for text in table.get("output_contains", ())),
        excludes=tuple(text.encode() for text in table.get("output_not_contains", ())),
    )
