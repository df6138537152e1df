"""docs/deployment.md says what the templates say."""

from __future__ import annotations

import re
from typing import Any

from tests.infra.conftest import ROOT

PAGE = (ROOT / "docs" / "deployment.md").read_text()
FILLED_IN = {
    "Stage",
    "TableName",
    "TableArn",
    "TableStreamArn",
    "BucketName",
    "PackagesBucket",
    "RunnerRepositoryArn",
    "RunnerImage",
    "RunnerArchs",
}
"""Parameters that ``towline deploy`` sets by itself."""


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def parameter_names() -> set[str]:
    found = set()
    for line in section("Parameters").splitlines():
        cell = line.split("|")[1] if line.startswith("| `") else ""
        first = ""
        for word in re.findall(r"`(\w+)`", cell):
            # "`PullThroughA`, `B`, `C`" names three.
            first = first or word
            found.add(word if len(word) > 1 else first[:-1] + word)
    return found


def test_every_parameter_is_explained_and_every_explained_one_is_there(
    service: dict[str, Any], data: dict[str, Any]
) -> None:
    declared = set(service["Parameters"]) | set(data["Parameters"])
    assert parameter_names() == declared - FILLED_IN


def test_the_defaults_are_the_templates(service: dict[str, Any], data: dict[str, Any]) -> None:
    declared = data["Parameters"] | service["Parameters"]
    checked = 0
    for line in section("Parameters").splitlines():
        row = re.match(r"\| `(\w+)` \| `?([\w.]+)`? \|", line)
        if row:
            assert str(declared[row[1]]["Default"]) == row[2], row[1]
            checked += 1
    assert checked > 5


def test_the_functions_sizes_are_the_templates(service: dict[str, Any]) -> None:
    rows = re.findall(r"\| `(\w+)` \| (\d+) MB \| (\d+) s \|", PAGE)
    functions = {
        name: (resource["Properties"]["MemorySize"], resource["Properties"]["Timeout"])
        for name, resource in service["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert {name: (int(memory), int(timeout)) for name, memory, timeout in rows} == functions
    hidden = service["Resources"]["LaunchQueue"]["Properties"]["VisibilityTimeout"]
    assert f"{hidden} s, six times" in PAGE.replace("\n", " ")


def test_every_resource_that_is_kept_is_on_the_page(data: dict[str, Any]) -> None:
    kept = {
        name
        for name, resource in data["Resources"].items()
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    kept.discard("ApiGatewayAccount")  # a setting, of the role that is on the page
    table = section("The data stack, `towline-<stage>-data`")
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == kept
