"""``towline deploy``: the service into an AWS account, or a newer one over an older."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from towline.cli.deploy_options import ENVIRONMENT, add_account_options, in_words, opened
from towline.cli.deploy_view import View, plan_as_json, show_plan
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import Terminal, err, out

if TYPE_CHECKING:
    from towline.deploy.account import Account
    from towline.deploy.deployment import Deployment
    from towline.deploy.order import Deployed

DESCRIPTION = """\
Put the service into the AWS account of your credentials, or bring the one that is there up to
date. Packages it, uploads what changed, builds and pushes the runner's image when a Docker engine
answers here, and has CloudFormation make two stacks: towline-STAGE-data (what outlives the
service) and towline-STAGE. Safe to repeat, also after it was killed; jobs that run are not touched.
A failed update is rolled back, and its cause is what you read last.

  towline deploy --plan                  what would change, without changing it
  eval "$(towline deploy)"               deploys, and sets TOWLINE_URL (the first time also
                                         TOWLINE_TOKEN, an admin token) for the next commands

Permissions that it needs, parameters, costs: docs/deployment.md.
exit status: 0 done (also when nothing changed), 1 AWS did not carry it out or you declined,
2 it could not be begun."""
ARCHS = ("x86_64", "arm64")


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "deploy",
        "put the service on AWS, or update it",
        description=DESCRIPTION,
        epilog=ENVIRONMENT,
    )
    add_account_options(parser)
    parser.add_argument(
        "--plan", action="store_true", help="show what would change, and change nothing"
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="don't ask when a resource that holds something would be replaced or removed",
    )
    parser.add_argument(
        "--alarm-email", metavar="ADDRESS", help="where alarms are sent (parameter AlarmEmail)"
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the templates; kept by later deploys; may be repeated",
    )
    parser.add_argument(
        "--function-arch",
        choices=ARCHS,
        help="processor of the Lambda functions (default: as it is; arm64 at first)",
    )
    parser.add_argument(
        "--arch",
        choices=ARCHS,
        help="processor of the jobs, so of the runner's image (default: as it is; x86_64 at first)",
    )
    parser.add_argument(
        "--runner-image",
        metavar="IMAGE",
        help="take this runner's image instead of building one: NAME@sha256:…, or a tag of the "
        "stage's registry",
    )
    parser.add_argument(
        "--runner-base",
        metavar="IMAGE",
        help="base that the runner's image is built on (default: $TOWLINE_RUNNER_BASE or "
        "debian:bookworm-slim)",
    )
    parser.add_argument(
        "--new-token", action="store_true", help="make an admin token though there are tokens"
    )
    parser.add_argument(
        "--continue-rollback",
        action="store_true",
        help="first go on with a rollback that failed (UPDATE_ROLLBACK_FAILED)",
    )
    parser.add_argument(
        "--revert-drift",
        action="store_true",
        help="also put back what was changed by hand, which a deploy does not see otherwise",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.set_defaults(run=deploy)


def deploy(args: argparse.Namespace) -> int:
    terminal = err()
    with in_words(terminal) as ended:
        given = _parameters(args)
        account = opened(args, terminal)
        with tempfile.TemporaryDirectory(prefix="towline-deploy-") as folder:
            deployment = _prepared(args, given, account, terminal, Path(folder))
            if args.plan:
                _plan(deployment, as_json=args.json)
            else:
                _report(args, given, account, deployment.run())
    return ended.status


def _parameters(args: argparse.Namespace) -> dict[str, str]:
    """The templates' parameters that were given, by whichever option."""
    from towline.deploy import parameters
    from towline.deploy.wanted_stacks import ALARM_PARAMETER

    given = parameters.parse(args.parameter)
    if args.alarm_email is not None:
        if "@" not in args.alarm_email:
            raise Problem(f"--alarm-email {args.alarm_email!r} is not an e-mail address")
        given[ALARM_PARAMETER] = args.alarm_email
    return given


def _prepared(
    args: argparse.Namespace,
    given: Mapping[str, str],
    account: Account,
    terminal: Terminal,
    folder: Path,
) -> Deployment:
    from towline.deploy.deployment import Deployment
    from towline.deploy.image_step import ImageStep
    from towline.deploy.order import Order, Templates, source_tree
    from towline.deploy.package import make_package
    from towline.deploy.processors import processors
    from towline.deploy.runner_image import ImageChoice
    from towline.deploy.template_parts import read_template
    from towline.deploy.timing import Timing

    chosen = processors(account, args.stage, functions=args.function_arch, jobs=args.arch)
    order = Order(
        stage=args.stage,
        parameters=given,
        image=ImageChoice(chosen.jobs, args.runner_image, args.runner_base),
        new_token=args.new_token,
        continue_rollback=args.continue_rollback,
        revert_drift=args.revert_drift,
    )
    view = View(terminal, yes=args.yes)
    root = source_tree()
    view.say("packaging the service")
    package = make_package(root, folder, stage=args.stage, architecture=chosen.functions)
    templates = Templates(read_template(root / "infra" / "data.yaml"), package)
    image = ImageStep(account, order, view)
    return Deployment(account, order, templates, image, view, Timing())


def _plan(deployment: Deployment, *, as_json: bool) -> None:
    from towline.deploy.plan import plan

    plans = plan(deployment)
    if as_json:
        print(json.dumps({"stacks": plan_as_json(plans)}, indent=2))
    else:
        show_plan(out(), plans)


def _report(
    args: argparse.Namespace, given: Mapping[str, str], account: Account, deployed: Deployed
) -> None:
    from towline.deploy.wanted_stacks import ALARM_PARAMETER

    if args.json:
        facts = {
            "stage": args.stage,
            "account": account.id,
            "region": account.region,
            "url": deployed.url,
            "token": deployed.token,
            "runner_image": deployed.runner_image,
            "stacks": dict(deployed.stacks),
        }
        print(json.dumps(facts, indent=2))
        return
    terminal = err()
    terminal.say(f"deployed: {deployed.url}")
    print(f"export TOWLINE_URL={deployed.url}")
    if deployed.token:
        print(f"export TOWLINE_TOKEN={deployed.token}")
        terminal.say("TOWLINE_TOKEN is an admin token that is not shown again: keep it")
    else:
        terminal.say("tokens stay as they are ('towline token list'; --new-token makes one)")
    if email := given.get(ALARM_PARAMETER):
        terminal.say(f"AWS asks {email} to confirm by e-mail; until then no alarm comes")
    terminal.say("next, with these in the environment: towline enqueue -- echo hello")
