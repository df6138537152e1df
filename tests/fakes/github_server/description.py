"""GitHub's OpenAPI description: which call a request is, if it is right, what is answered.

``ci/github_openapi.sh`` gets it. It is OpenAPI 3.0, whose schemas are JSON Schema but for
``nullable``; references are put in place on the way, and only for what is asked.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft202012Validator, FormatChecker

FORMATS = FormatChecker(formats=())
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
_MANY_SEGMENTS = ("path", "ref")


@FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or _TIME.match(value) is not None


@FORMATS.checks("uri")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or re.match(r"[a-z][a-z0-9+.-]*:\S+\Z", value) is not None


class Wrong(Exception):  # noqa: N818 - what the fake answers with 422
    """A request that the description does not have. Its text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API, and the values in its path."""

    method: str
    template: str
    spec: Mapping[str, Any] = field(repr=False)
    values: Mapping[str, str] = field(default_factory=dict)


class Description:
    """The file, read once. Making one takes about a second."""

    def __init__(self, path: Path) -> None:
        self._all: dict[str, Any] = json.loads(path.read_text())
        self._resolved: dict[str, Any] = {}
        self._paths = sorted(
            ((_pattern(template), template) for template in self._all["paths"]),
            key=lambda pair: ("{" in pair[1], pair[1].count("{"), -len(pair[1])),
        )

    def operation(self, method: str, path: str) -> Operation:
        """Raises ``Wrong`` when there is no such call."""
        for pattern, template in self._paths:
            found = pattern.match(path)
            spec = self._all["paths"][template].get(method.lower()) if found else None
            if found and spec is not None:
                values = {name: unquote(value) for name, value in found.groupdict().items()}
                return Operation(method, template, spec, values)
        raise Wrong(f"GitHub has no {method} {path}")

    def check_request(self, operation: Operation, query: str, body: Any) -> None:
        """Raises ``Wrong`` that says what the description does not allow."""
        known = {}
        for given in operation.spec.get("parameters", []):
            parameter = self.schema(given)
            known[parameter["name"]] = parameter
        for name, value in operation.values.items():
            if name in known:
                self._check(known[name]["schema"], _typed(value, known[name]["schema"]), name)
        for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
            if name not in known or known[name]["in"] != "query":
                raise Wrong(f"{operation.template} has no query parameter {name!r}")
            self._check(known[name]["schema"], _typed(value, known[name]["schema"]), name)
        self._check_body(operation, body)

    def _check_body(self, operation: Operation, body: Any) -> None:
        asked = operation.spec.get("requestBody")
        if asked is None:
            if body is not None:
                raise Wrong(f"{operation.method} {operation.template} takes no body")
            return
        asked = self.schema(asked)
        if body is None:
            if asked.get("required"):
                raise Wrong(f"{operation.method} {operation.template} needs a body")
            return
        schema = asked["content"]["application/json"]["schema"]
        self._check(schema, body, "body")
        # GitHub ignores what it does not know; a misspelt field of ours must not pass for sent.
        unknown = set(body) - set(schema.get("properties", body))
        if unknown:
            raise Wrong(f"{operation.template} knows no {', '.join(sorted(unknown))}")

    def filled(self, operation: Operation, status: int, own: Any, which: str = "") -> Any:
        """The example of an answer (its first, or the one named) with own values put in.

        Raises ``Wrong`` when they are not what GitHub answers. What is already wrong with the
        example itself, as some lack what they should have, does not count.
        """
        if str(status) not in operation.spec["responses"]:
            raise Wrong(f"{operation.template} never answers {status}")
        content = self.schema(operation.spec["responses"][str(status)])["content"]
        examples = content["application/json"]["examples"]
        name = which or next(iter(examples))
        example = copy.deepcopy(self.schema(examples[name])["value"])
        schema = content["application/json"]["schema"]
        answer = fill(example, own)
        known = set(self._errors(schema, example))
        new = [error for error in self._errors(schema, answer) if error not in known]
        if new:
            raise Wrong(f"answer {status}: {new[0]}")
        return answer

    def _errors(self, schema: Any, value: Any) -> list[str]:
        """Without the numbers of entries: what is wrong with one is wrong with its copies."""
        found = _validator(self.schema(schema)).iter_errors(value)
        return [
            f"{re.sub(r'[0-9]+', '', error.json_path)}: {error.message[:200]}"
            if error.validator == "required"
            else f"{re.sub(r'[0-9]+', '', error.json_path)}: {error.validator}"
            for error in found
        ]

    def webhook_errors(self, name: str, payload: Any) -> list[str]:
        """What in a payload of a webhook (such as ``push``) the description does not have."""
        post = self._all["x-webhooks"][name]["post"]
        schema = self.schema(post["requestBody"])["content"]["application/json"]["schema"]
        found = _validator(schema).iter_errors(payload)
        return [f"{error.json_path}: {error.message[:200]}" for error in found]

    def schema(self, given: Any) -> Any:
        """The same with its references put in place and ``nullable`` in JSON Schema's words."""
        if isinstance(given, list):
            return [self.schema(each) for each in given]
        if not isinstance(given, dict):
            return given
        if "$ref" in given:
            return self._at(given["$ref"])
        made = {
            key: value if key in ("example", "examples") else self.schema(value)
            for key, value in given.items()
        }
        return _with_null(made) if made.pop("nullable", False) is True else made

    def _at(self, reference: str) -> Any:
        if reference not in self._resolved:
            # A schema that holds itself takes anything there.
            self._resolved[reference] = {}
            found: Any = self._all
            for part in reference.removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            self._resolved[reference] = self.schema(found)
        return self._resolved[reference]

    def _check(self, schema: Any, value: Any, where: str) -> None:
        error = next(iter(_validator(self.schema(schema)).iter_errors(value)), None)
        if error is not None:
            raise Wrong(f"{where}{error.json_path[1:]}: {error.message[:300]}")


def fill(example: Any, own: Any) -> Any:
    """The example with own values in it; of a list every entry is made from the first one."""
    if isinstance(example, dict) and isinstance(own, dict):
        return {**example, **{key: fill(example.get(key), value) for key, value in own.items()}}
    if isinstance(example, list) and example and isinstance(own, list):
        return [fill(example[0], each) for each in own]
    return own


def _validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=FORMATS)


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("type"), str):
        nullable = {**schema, "type": [schema["type"], "null"]}
        if "enum" in schema:
            nullable["enum"] = [*schema["enum"], None]
        return nullable
    return {"anyOf": [schema, {"type": "null"}]}


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    return text


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(.+?)\}", template)
    text = ""
    for index, part in enumerate(parts):
        if index % 2:
            many = part == "path" and "/contents/" in template
            name = part.replace("-", "_")
            text += f"(?P<{name}>{'.+' if many else '[^/]+'})"
        else:
            text += re.escape(part)
    return re.compile(text + r"\Z")
