"""How the values of single keys are read. Every reader raises ``ValueError`` with a sentence."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from chalicelib.domain.spec import ENV_NAME, IMAGE_NAME, SECRET_NAME, USER_NAME
from chalicelib.repofile.cron import MOST_SCHEDULES, Cron, parse_cron
from chalicelib.repofile.filters import patterns
from chalicelib.repofile.nodes import Word
from chalicelib.repofile.problems import Misplaced
from chalicelib.repofile.values import deeper, kind_of, short, switch, text

OWN_NAMES = ("TOWLINE_", "_towline_")
_ARCHES = {"amd64": "x86_64", "x86-64": "x86_64", "aarch64": "arm64"}
_REFUSED_OPTIONS = ("-c", "-s", "-l", "-i", "--login", "--interactive")


def image(given: str) -> str:
    if not IMAGE_NAME.match(given):
        raise ValueError(f"{short(given)} is not an image reference such as debian:12")
    return given


def user(given: str) -> str:
    if not USER_NAME.match(given):
        raise ValueError(f"{short(given)} is not a user: give a name, a uid, or uid:gid")
    return given


def workdir(given: str) -> str:
    if ".." in given.split("/") or not given:
        raise ValueError("is a folder of the checkout, or an absolute path; '..' leads out of it")
    return given


def secrets(given: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(given):
        if not SECRET_NAME.match(name):
            raise Misplaced((index,), f"{short(name)} is not a secret's name: letters, digits, _")
        if name.startswith(OWN_NAMES):
            raise Misplaced((index,), "names that begin with TOWLINE_ are Towline's own")
    return given


def read_shell(value: object) -> tuple[str, ...]:
    """A program and its options, as one text or as a list of words."""
    if isinstance(value, Word):
        try:
            found = tuple(shlex.split(value))
        except ValueError:
            raise ValueError(f"{short(value)} has a quote that is not closed") from None
    elif isinstance(value, tuple):
        found = tuple(deeper(index, text, item) for index, item in enumerate(value))
    else:
        raise ValueError(f"must be a program, as in 'bash' or 'bash -e', not {kind_of(value)}")
    if not found or not found[0]:
        raise ValueError("must name a program, as in 'bash'")
    for word in found[1:]:
        if word in _REFUSED_OPTIONS:
            raise ValueError(
                f"{word} does not go with a script in a file, or makes a login or interactive "
                "shell, which changes exit statuses: leave it out"
            )
    return found


def read_env(value: object) -> dict[str, str | None]:
    """Variables, each value as it was written. ``null`` takes one of the image's away."""
    if not isinstance(value, dict):
        raise ValueError(f"must be a mapping of names to values, not {kind_of(value)}")
    return {name: _variable(name, given) for name, given in value.items()}


def _variable(name: str, value: object) -> str | None:
    if not ENV_NAME.match(name):
        raise Misplaced((name,), "a variable's name has letters, digits and _", at_key=True)
    if name.startswith(OWN_NAMES):
        raise Misplaced((name,), "names that begin with TOWLINE_ are Towline's own", at_key=True)
    if value is None:
        return None
    if isinstance(value, Word) and value.plain and not value:
        raise Misplaced(
            (name,), "has no value: write '' for an empty one, or null to take the image's away"
        )
    if not isinstance(value, Word):
        raise Misplaced((name,), f"must be a text, not {kind_of(value)}")
    return str(value)


def arch(value: object) -> str:
    given = text(value)
    if given not in ("x86_64", "arm64"):
        hint = f": write {_ARCHES[given]}" if given in _ARCHES else ": x86_64 or arm64"
        raise ValueError(f"{short(given)} is no architecture that Towline knows{hint}")
    return given


def capacity(value: object) -> str:
    given = text(value)
    if given not in ("spot", "on_demand"):
        raise ValueError(f"must be spot or on_demand, not {short(given)}")
    return given


def submodules(value: object) -> str:
    if isinstance(value, Word) and value == "recursive":
        return "recursive"
    try:
        return "shallow" if switch(value) else "none"
    except ValueError:
        raise ValueError(f"must be true, false or recursive, not {kind_of(value)}") from None


def checkout(value: object) -> Any:
    """``true`` and ``false`` stand for the usual checkout and for none."""
    if isinstance(value, Word):
        return {} if switch(value) else {"wanted": False}
    if isinstance(value, dict) and "wanted" in value:
        raise Misplaced(("wanted",), "unknown key: write 'checkout: false' for none", at_key=True)
    return value


def cancel(value: object) -> tuple[str, ...]:
    if isinstance(value, Word) and value.plain and value.lower() in ("true", "false"):
        return ("**",) if switch(value) else ()
    try:
        return patterns(value)
    except Misplaced:
        raise
    except ValueError:
        raise ValueError("must be true, false, or patterns of branches") from None


def cron(value: object) -> Cron:
    return parse_cron(text(value))


def schedules(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) > MOST_SCHEDULES:
        raise ValueError(f"has {len(value)} schedules; a file has at most {MOST_SCHEDULES}")
    return value


_ENV_SCHEMA = {
    "type": "object",
    "propertyNames": {"pattern": "^(?!TOWLINE_|_towline_)[A-Za-z_][A-Za-z0-9_]*$"},
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}
Shell = Annotated[
    tuple[str, ...],
    PlainValidator(read_shell),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Env = Annotated[dict[str, str | None], PlainValidator(read_env), WithJsonSchema(_ENV_SCHEMA)]
