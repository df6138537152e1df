"""The JSON Schema of ``.towline.yml``, for editors: made from the models that read it.

An editor reads YAML by the rules of YAML 1.2, so ``yes`` is a text to it, as it is here. What needs
the whole file (unknown needs, circles, an exclusion that fits nothing) only ``towline lint`` sees.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from chalicelib.repofile.model import DEFAULTABLE, Head, Job

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _File(Head):
    """What Towline runs for a commit of this repository."""

    jobs: dict[str, Job] = Field(description="the jobs, by name")


def json_schema() -> dict[str, Any]:
    """Draft 2020-12; the same for the same version of Towline."""
    made: dict[str, Any] = _tidied(_File.model_json_schema())
    definitions: dict[str, Any] = made.pop("$defs")
    definitions["Checkout"]["properties"].pop("wanted")
    job = definitions["Job"]
    job["properties"]["checkout"] = {
        "description": job["properties"]["checkout"]["description"],
        "anyOf": [{"type": "boolean"}, {"$ref": "#/$defs/Checkout"}],
    }
    definitions["Defaults"] = {
        "type": "object",
        "description": "what every job has that does not say otherwise",
        "additionalProperties": False,
        "properties": {
            key: value for key, value in job["properties"].items() if key in DEFAULTABLE
        },
    }
    properties = made["properties"]
    properties["defaults"] = {"$ref": "#/$defs/Defaults"}
    properties["jobs"] |= {
        "minProperties": 1,
        "propertyNames": {"pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$"},
    }
    properties["cancel_previous"]["anyOf"] = [
        {"type": "boolean"},
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
    ]
    return {
        "$schema": DIALECT,
        "title": ".towline.yml",
        **made,
        # Anything may be kept under a name that begins with x-, to be used by aliases.
        "patternProperties": {"^x-": {}},
        "$defs": definitions,
    }


def _tidied(schema: Any) -> Any:
    """Without the titles and defaults that are made from Python's names and values, and without
    null, which no key but a variable takes."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: {name: _tidied(inner) for name, inner in value.items()}
        if key in ("properties", "$defs")
        else _tidied(value)
        for key, value in schema.items()
        if key not in ("title", "default")
    }
    if len(made.get("anyOf", ())) == 1:
        made |= made.pop("anyOf")[0]
    return made
