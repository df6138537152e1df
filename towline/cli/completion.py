"""``towline completion bash|zsh|fish``: made from the parser itself, so it can't lag behind."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from towline.cli.parser import Commands, Parser, add_command

DESCRIPTION = """\
Print a completion script.

  bash:  eval "$(towline completion bash)"     in ~/.bashrc
  zsh:   eval "$(towline completion zsh)"      in ~/.zshrc, after compinit
  fish:  towline completion fish > ~/.config/fish/completions/towline.fish"""

FILES = "FILES"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a command line: the commands so far, and what may follow. Helps are one line."""

    path: tuple[str, ...]
    words: dict[str, str]
    values: dict[str, tuple[str, ...]]
    """What may follow an option that takes a value: its choices, nothing, or ``(FILES,)``."""
    files: bool


def add(commands: Commands, build: Callable[[], Parser]) -> None:
    parser = add_command(
        commands, "completion", "print a shell's completion script", description=DESCRIPTION
    )
    parser.add_argument("shell", choices=tuple(WRITERS), help="the shell")
    parser.set_defaults(run=lambda args: print_completion(args, build()))


def print_completion(args: argparse.Namespace, parser: Parser) -> int:
    print("\n".join(WRITERS[args.shell](list(places(parser, ())))))
    return 0


def places(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Place]:
    """Every place of the command line, the outermost first."""
    words: dict[str, str] = {}
    values: dict[str, tuple[str, ...]] = {}
    inner: list[tuple[str, argparse.ArgumentParser]] = []
    files = False
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            # By parser, as another name of a command has no help of its own.
            helps = {
                id(action.choices[choice.dest]): choice.help or ""
                for choice in action._choices_actions
            }
            words |= {name: helps.get(id(at), "") for name, at in action.choices.items()}
            inner = list(action.choices.items())
        elif action.option_strings:
            words |= {name: _plain(action.help) for name in action.option_strings}
            if action.nargs != 0:
                values |= {name: _values(action) for name in action.option_strings}
        elif action.choices:
            words |= {str(choice): _plain(action.help) for choice in action.choices}
        else:
            files = files or action.dest == "script" or action.metavar in ("FILE", "PATH")
    yield Place(path, words, values, files)
    for name, parser_of_command in inner:
        yield from places(parser_of_command, (*path, name))


def _values(action: argparse.Action) -> tuple[str, ...]:
    if action.choices:
        return tuple(map(str, action.choices))
    return (FILES,) if action.metavar in ("FILE", "PATH") else ()


def _plain(text: str | None) -> str:
    return " ".join((text or "").replace("%(default)s", "default").split()).partition(";")[0]


def bash(found: list[Place]) -> list[str]:
    """One function; ``path`` is found by walking the words that are commands."""
    lines = [
        "_towline() {",
        '    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path="" word i',
        "    for ((i = 1; i < COMP_CWORD; i++)); do",
        "        word=${COMP_WORDS[i]}",
        '        [[ $word == -- ]] && { COMPREPLY=($(compgen -c -- "$cur")); return; }',
        f'        case "$path $word" in {"|".join(_patterns(found))}) path="$path $word" ;; esac',
        "    done",
        '    case "$path:$prev" in',
    ]
    for place in found:
        name = " ".join(("", *place.path))
        for values in dict.fromkeys(place.values.values()):
            options = [option for option, takes in place.values.items() if takes == values]
            after = "|".join(f'"{name}:{option}"' for option in options)
            reply = "compgen -f" if values == (FILES,) else f"compgen -W '{' '.join(values)}'"
            lines.append(f'        {after}) COMPREPLY=($({reply} -- "$cur")); return ;;')
    lines += ["    esac", '    case "$path" in']
    for place in found:
        name = " ".join(("", *place.path))
        files = ' $(compgen -f -- "$cur")' if place.files else ""
        lines.append(
            f"        \"{name}\") COMPREPLY=($(compgen -W '{' '.join(place.words)}' "
            f'-- "$cur"){files}) ;;'
        )
    return [*lines, "    esac", "}", "complete -o filenames -F _towline towline"]


def _patterns(found: list[Place]) -> list[str]:
    return [f'"{" ".join(("", *place.path))}"' for place in found if place.path] or ['""']


def zsh(found: list[Place]) -> list[str]:
    """zsh runs the bash function, which its own layer for it understands."""
    return ["autoload -U +X bashcompinit && bashcompinit", *bash(found)]


def fish(found: list[Place]) -> list[str]:
    """One line for each word that may be typed."""
    lines = ["complete -c towline -f"]
    for place in found:
        commands = [name for name in place.words if not name.startswith("-")]
        here = "".join(f"__fish_seen_subcommand_from {name}; and " for name in place.path)
        deeper = f"not __fish_seen_subcommand_from {' '.join(commands)}" if commands else "true"
        condition = f'-n "{here}{deeper}"'
        for word, text in place.words.items():
            flag = _fish_word(word)
            value = _fish_value(place.values.get(word))
            about = text.replace("\\", "").replace("'", "\\'")
            lines.append(f"complete -c towline {condition} {flag}{value} -d '{about}'")
        if place.files:
            lines.append(f"complete -c towline {condition} -F")
    return lines


def _fish_word(word: str) -> str:
    if word.startswith("--"):
        return f"-l {word[2:]}"
    return f"-s {word[1:]}" if word.startswith("-") else f"-a {word}"


def _fish_value(values: tuple[str, ...] | None) -> str:
    if values is None:
        return ""
    if values == (FILES,):
        return " -r -F"
    return f" -x -a '{' '.join(values)}'" if values else " -x"


WRITERS: dict[str, Callable[[list[Place]], list[str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
