"""``towline project add|list|show|set|remove``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.domain.quantities import parse_cpu, parse_size_mib
from towline.cli.complaint import in_options
from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.parser import Commands, Parser, add_command
from towline.cli.problem import Problem
from towline.cli.project_name import project_name
from towline.cli.project_view import project_facts
from towline.cli.secret_value import secret_value
from towline.cli.terminal import err, out
from towline.client.errors import Refused

FORKS = ("never", "approval", "always")
NONE = "none"
ADD = """\
Register a repository (owner/repo, as on GitHub) or a plain name as a project. Only registered
repositories run by webhook; jobs from the command line need none, but have the project's defaults
and caps once it is registered. Names are lower-case. Changes from forks never get secrets, a role
or registry credentials; --forks says when they run: never, once somebody has approved those of a
person new to the project (approval, the default), or always.

  towline project add acme/web --image debian:12 --max-jobs 10 --max-cpu 4 --max-memory 8g"""
SET = """\
Change settings of a project; what is not named stays as it is, and 'none' takes a value away. A
higher --max-jobs counts at once, a lower one as jobs end; where there was none before, it is for
jobs submitted from then on."""
REMOVE = "Forget a project's settings. Its jobs, secrets and tokens stay."


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "project", "register projects, their defaults and limits", epilog=ENVIRONMENT
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    new = add_command(actions, "add", "register one", description=ADD, epilog=ENVIRONMENT)
    change = add_command(actions, "set", "change settings", description=SET, epilog=ENVIRONMENT)
    for action, run in ((new, add_project), (change, set_project)):
        _named(action, run)
        _settings(action)
    listed = add_command(actions, "list", "list projects", epilog=ENVIRONMENT)
    listed.set_defaults(run=list_projects)
    _named(
        add_command(actions, "show", "show settings, schedules, trouble", epilog=ENVIRONMENT), show
    )
    _named(
        add_command(actions, "remove", "forget one", description=REMOVE, epilog=ENVIRONMENT),
        remove_project,
    )
    for action in actions.choices.values():
        action.add_argument("--json", action="store_true", help="print JSON")
        add_connection_options(action)


def add_project(args: argparse.Namespace) -> int:
    service = connect(args)
    if any(known["name"] == args.name.lower() for known in service.projects()):
        raise Problem(f"{args.name} is registered: change it with 'towline project set'")
    status = _put(args, "registered")
    if not args.json and "/" in args.name:
        err().say(f"'towline github show --project {args.name}' tries what its builds need")
    return status


def set_project(args: argparse.Namespace) -> int:
    changes = _changes(args)
    if not changes and args.checkout_token is None:
        raise Problem("nothing to change: name a setting, such as --max-jobs 5")
    connect(args).project(args.name)
    return _put(args, "changed")


def list_projects(args: argparse.Namespace) -> int:
    projects = connect(args).projects()
    if args.json:
        print(json.dumps({"projects": projects}, indent=2))
    elif projects:
        width = max(4, *(len(project["name"]) for project in projects))
        print(out().paint(f"{'NAME':{width}}  {'JOBS':5}  {'FORKS':8}  IMAGE", "bold"))
        for project in projects:
            jobs = "any" if project["max_jobs"] is None else str(project["max_jobs"])
            image = project["image"] or "the runner's own"
            off = "  (trouble with GitHub)" if project["trouble"] else ""
            off = off if project["enabled"] else "  (disabled)"
            print(f"{project['name']:{width}}  {jobs:5}  {project['forks']:8}  {image}{off}")
    else:
        err().say("no projects are registered: jobs of any project run without limits")
    return 0


def show(args: argparse.Namespace) -> int:
    project = connect(args).project(args.name)
    if args.json:
        print(json.dumps(project, indent=2))
        return 0
    facts = project_facts(project)
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:{width}}  {value}")
    return 0


def remove_project(args: argparse.Namespace) -> int:
    connect(args).remove_project(args.name)
    return _done(args, {"name": args.name.lower()}, "removed")


def _put(args: argparse.Namespace, what: str) -> int:
    token = _checkout_token(args)
    service = connect(args)
    try:
        project = service.put_project(args.name, _changes(args))
    except Refused as refused:
        raise in_options(refused) from None
    if args.checkout_token is not None:
        project = service.set_checkout_token(args.name, token)
    return _done(args, project, what)


def _checkout_token(args: argparse.Namespace) -> str | None:
    """The value, when one is to be stored. Raises ``Problem`` for one that was typed."""
    if args.checkout_token in (None, NONE):
        return None
    if args.checkout_token != "-":
        raise Problem(
            "--checkout-token takes '-' (standard input) or 'none', never the token itself, as "
            "process lists show arguments"
        )
    return secret_value("the checkout token")


def _done(args: argparse.Namespace, project: Mapping[str, Any], what: str) -> int:
    if args.json:
        print(json.dumps(project, indent=2))
    else:
        err().say(f"project {project['name']} is {what}")
    return 0


def _named(action: Parser, run: Callable[[argparse.Namespace], int]) -> None:
    action.add_argument(
        "name", metavar="NAME", type=project_name, help="owner/repo, or a plain name"
    )
    action.set_defaults(run=run)


def _settings(action: Parser) -> None:
    action.add_argument("--image", help="of jobs that name none")
    action.add_argument("--cpu", metavar="N", help="virtual CPUs of jobs that ask for none")
    action.add_argument("--memory", metavar="SIZE", help="of jobs that ask for none, such as 4g")
    action.add_argument("--max-cpu", metavar="N", help="the most that a job may ask for")
    action.add_argument("--max-memory", metavar="SIZE", help="the most that a job may ask for")
    action.add_argument("--max-jobs", metavar="N", help="jobs that may run at the same time")
    action.add_argument("--forks", choices=FORKS, help="when changes from forks run")
    action.add_argument(
        "--public-badge", choices=("yes", "no"), help="whether its badge says how builds ended (no)"
    )
    switch = action.add_mutually_exclusive_group()
    switch.add_argument("--enable", action="store_true", help="take jobs again")
    switch.add_argument("--disable", action="store_true", help="take no more jobs")
    action.add_argument("--repository-id", metavar="ID", help="GitHub's number of the repository")
    action.add_argument("--installation-id", metavar="ID", help="of the GitHub App, if one is used")
    action.add_argument(
        "--checkout-token",
        metavar="-",
        help="read from standard input a token that reads the repository, for checkouts alone",
    )
    action.add_argument(
        "--fork-checkout",
        choices=("yes", "no"),
        help="whether jobs of forks are checked out with it, too (no)",
    )
    action.add_argument(
        "--token-secret", metavar="NAME", help="the project's secret with a token for GitHub"
    )


def _secret_name(text: str) -> str:
    from chalicelib.domain.spec import SECRET_NAME

    if not SECRET_NAME.match(text):
        raise ValueError(f"{text!r} is not a secret's name: letters, digits and _ only")
    return text


_READ: dict[str, tuple[str, Callable[[str], Any]]] = {
    "image": ("image", str),
    "cpu": ("cpu", parse_cpu),
    "memory": ("memory_mib", parse_size_mib),
    "max_cpu": ("max_cpu", parse_cpu),
    "max_memory": ("max_memory_mib", parse_size_mib),
    "max_jobs": ("max_jobs", int),
    "repository_id": ("repository_id", int),
    "installation_id": ("installation_id", int),
    "token_secret": ("token_secret", _secret_name),
}


def _changes(args: argparse.Namespace) -> dict[str, Any]:
    """What was named, as the service takes it. Raises ``Problem`` for what can't be read."""
    changes: dict[str, Any] = {}
    for name, (field, read) in _READ.items():
        text = getattr(args, name)
        if text is None:
            continue
        try:
            changes[field] = None if text == NONE else read(text)
        except ValueError as error:
            said = f"{text!r} is not a whole number" if read is int else str(error)
            raise Problem(f"--{name.replace('_', '-')}: {said}") from None
    if args.forks is not None:
        changes["forks"] = args.forks
    if args.public_badge is not None:
        changes["public_badge"] = args.public_badge == "yes"
    if args.fork_checkout is not None:
        changes["fork_checkout"] = args.fork_checkout == "yes"
    if args.enable or args.disable:
        changes["enabled"] = args.enable
    return changes
