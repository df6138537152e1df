"""Joining the template's parts: nothing is lost, replaced or left without a type in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from towline.deploy.errors import DeployError
from towline.deploy.template_parts import check_whole, join_parts, read_template


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def test_sections_of_all_files_are_joined(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "Resources: {Queue: {Type: Q}}\nOutputs: {Url: {Value: u}}\n")
    write(tmp_path, "b.yaml", "Resources: {Topic: {Type: T}}\nGlobals: {Function: {}}\n")
    assert join_parts(tmp_path) == {
        "Resources": {"Queue": {"Type": "Q"}, "Topic": {"Type": "T"}},
        "Outputs": {"Url": {"Value": "u"}},
        "Globals": {"Function": {}},
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Resources: {Queue: {Type: Other}}", "Resources.Queue"),
        ("Globals: {Function: {}}", "Globals"),
    ],
)
def test_a_name_in_two_files_is_refused_with_both_files_named(
    tmp_path: Path, text: str, named: str
) -> None:
    write(tmp_path, "a.yaml", "Resources: {Queue: {Type: Q}}\nGlobals: {Function: {}}\n")
    write(tmp_path, "b.yaml", text)
    with pytest.raises(DeployError, match=rf"b\.yaml: {named} is already in a\.yaml"):
        join_parts(tmp_path)


def test_an_unknown_section_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "Resource: {Queue: {Type: Q}}")
    with pytest.raises(DeployError, match="'Resource' is not a section"):
        join_parts(tmp_path)


@pytest.mark.parametrize("text", ["- a list", "a: [", "x: !Ref y"])
def test_what_is_no_template_is_refused_with_the_files_name(tmp_path: Path, text: str) -> None:
    write(tmp_path, "a.yaml", text)
    with pytest.raises(DeployError, match=r"a\.yaml"):
        read_template(tmp_path / "a.yaml")


def test_a_folder_without_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="no template parts"):
        join_parts(tmp_path)


def test_a_resource_that_nobody_makes_is_named() -> None:
    template = {"Resources": {"Launcherr": {"Properties": {"Timeout": 3}}}}
    with pytest.raises(DeployError, match="Launcherr"):
        check_whole(template)


def test_a_role_that_was_left_without_rights_is_named() -> None:
    policy = {"PolicyName": "p", "PolicyDocument": {"Statement": []}}
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}
    with pytest.raises(DeployError, match="ReaperRole may do nothing"):
        check_whole({"Resources": {"ReaperRole": role}})
