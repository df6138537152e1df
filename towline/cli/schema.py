"""``towline schema``: the JSON Schema of .towline.yml, for editors."""

from __future__ import annotations

import argparse
import json

from towline.cli.parser import Commands, add_command

DESCRIPTION = """\
Print the JSON Schema (draft 2020-12) of .towline.yml, so that an editor completes and checks it.

  towline schema >.towline.schema.json
and as the first line of .towline.yml, for editors with the YAML language server:
  # yaml-language-server: $schema=.towline.schema.json

'towline lint' sees more: needs, circles, and what a matrix makes."""


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "schema", "print the JSON Schema of .towline.yml", description=DESCRIPTION
    )
    parser.set_defaults(run=print_schema)


def print_schema(_: argparse.Namespace) -> int:
    from chalicelib.repofile.json_schema import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0
