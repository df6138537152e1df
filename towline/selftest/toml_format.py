"""Towline's own corpus: TOML files, one for a class of trouble, each with a list of cases.

`corpus/README.md` describes the format; a case looks like this:

    [[case]]
    name = "builtin-exit"
    script = "exit 7"
    ends = "exit 7"
    why = "the plainest failure"

``ends`` is ``exit N``, ``signal N``, ``timed out``, ``cancelled`` or ``errored``. A table of
them by shell (``ends = {bash = "exit 1", dash = "exit 2"}``) makes one case for each shell.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
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
from towline.selftest.content import parse_content

OWN_CORPUS = Path(__file__).parent / "corpus"

_FIELDS = {
    *("name", "why", "script", "ends", "shell", "mode", "env", "unset", "user", "also", "policy"),
    *("files", "home", "image_files", "limits", "needs", "programs", "slow"),
    *("output", "says", "never_says"),
}
_LIMITS = {
    "timeout": "timeout_s",
    "silence": "silence_s",
    "grace": "grace_s",
    "cancel_after": "cancel_after_s",
    "wall": "wall_s",
    "memory_mib": "memory_bytes",
    "pids": "pids",
    "log_limit": "log_limit_bytes",
    "tmpfs": "tmpfs",
}
_WORDS = {
    "timed out": Verdict.TIMED_OUT,
    "cancelled": Verdict.CANCELLED,
    "errored": Verdict.ERRORED,
}
_SHOWN_BYTES = 4096
_SHELLS_EVERYWHERE = frozenset({"bash", "sh"})


def load_toml_corpus(folder: Path = OWN_CORPUS) -> list[Case]:
    """All cases of a folder of TOML files, by file and in their order.

    Raises ``CorpusError`` when a file is not a corpus or two cases have one name.
    """
    cases: list[Case] = []
    for path in sorted(folder.glob("*.toml")):
        cases += _load_file(path)
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            raise CorpusError(f"two cases of {folder} are named {case.name!r}: rename one")
        seen.add(case.name)
    return cases


def _load_file(path: Path) -> Iterator[Case]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} is not TOML: {error}") from None
    if set(table) != {"about", "case"}:
        raise CorpusError(f"{path}: a corpus file has a line `about` and [[case]] tables only")
    for number, entry in enumerate(table["case"], 1):
        where = f"{path.name}, case {entry.get('name', number)!r}"
        try:
            yield from _cases(entry, path.stem, where)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise CorpusError(f"{where}: {_in_words(error)}") from None


def _in_words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    return str(error)


def _cases(entry: Mapping[str, Any], group: str, where: str) -> Iterator[Case]:
    unknown = set(entry) - _FIELDS
    if unknown:
        known = ", ".join(sorted(_FIELDS))
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {known}")
    ends = entry["ends"]
    if isinstance(ends, str):
        yield _case(entry, entry["name"], _shell(entry), ends, group, where)
        return
    if "shell" in entry:
        raise ValueError("ends by shell says the shells; leave `shell` out")
    for words, end in ends.items():
        name = f"{entry['name']}.{words.replace(' ', '-')}"
        yield _case(entry, name, tuple(words.split()), end, group, where)


def _shell(entry: Mapping[str, Any]) -> tuple[str, ...]:
    shell = entry.get("shell", "bash")
    return tuple(shell.split()) if isinstance(shell, str) else tuple(shell)


def _case(
    entry: Mapping[str, Any],
    name: str,
    shell: tuple[str, ...],
    end: str,
    group: str,
    where: str,
) -> Case:
    values = entry.get("env", {}).items()
    env: dict[str, str | None] = {key: parse_content(v, where).data.decode() for key, v in values}
    env.update(dict.fromkeys(entry.get("unset", [])))
    programs = set(entry.get("programs", []))
    if shell and _WORDS.get(end) is not Verdict.ERRORED:
        programs |= {shell[0]} - _SHELLS_EVERYWHERE
    return Case(
        name=name,
        why=entry["why"],
        script=parse_content(entry["script"], where),
        ends=_ending(end),
        group=group,
        shell=shell,
        mode=entry.get("mode", "0644"),
        env=env,
        files=_files(entry.get("files", {}), where),
        home=_files(entry.get("home", {}), where),
        image_files=_files(entry.get("image_files", {}), where),
        user=entry.get("user"),
        limits=_limits(entry.get("limits", {})),
        needs=frozenset(Need(word) for word in entry.get("needs", [])),
        programs=frozenset(programs),
        slow=entry.get("slow", False),
        output=_output(entry, where),
        also=frozenset(Verdict(word) for word in entry.get("also", [])),
        policy=entry.get("policy", ""),
    )


def _ending(text: str) -> Ending:
    if text in _WORDS:
        return Ending(_WORDS[text])
    word, _, number = text.partition(" ")
    if word == "exit" and number.isdigit():
        code = int(number)
        return Ending(Verdict.FAILED if code else Verdict.PASSED, exit_code=code)
    if word == "signal" and number.isdigit():
        return Ending(Verdict.FAILED, signal=int(number))
    raise ValueError(f"ends = {text!r}: give 'exit N', 'signal N', {', '.join(map(repr, _WORDS))}")


def _files(table: Mapping[str, Any], where: str) -> tuple[CaseFile, ...]:
    """``{"name" = "text"}`` or ``{"name" = {content = ..., mode = "0755"}}``."""
    files = []
    for path, value in table.items():
        if isinstance(value, Mapping):
            content = parse_content(value["content"], where)
            files.append(CaseFile(path, content, value.get("mode", "0644")))
        else:
            files.append(CaseFile(path, parse_content(value, where)))
    return tuple(files)


def _limits(table: Mapping[str, Any]) -> Limits:
    unknown = set(table) - set(_LIMITS)
    if unknown:
        raise ValueError(f"unknown limits: {', '.join(sorted(unknown))}")
    values = {_LIMITS[key]: value for key, value in table.items()}
    if "memory_bytes" in values:
        values["memory_bytes"] <<= 20
    return Limits(**values)


def _output(entry: Mapping[str, Any], where: str) -> OutputRule:
    contains = tuple(parse_content([text], where).data for text in entry.get("says", []))
    excludes = tuple(parse_content([text], where).data for text in entry.get("never_says", []))
    if "output" not in entry:
        return OutputRule(contains=contains, excludes=excludes)
    content = parse_content(entry["output"], where)
    return OutputRule(
        size=content.size,
        sha256=content.sha256,
        exact=content.data if content.size <= _SHOWN_BYTES else None,
        contains=contains,
        excludes=excludes,
    )
