"""``towline destroy``: the service out of an AWS account; its data stays unless it is to go."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from towline.cli.deploy_options import ENVIRONMENT, add_account_options, in_words, opened
from towline.cli.deploy_view import View, ask, can_ask
from towline.cli.parser import Commands, add_command
from towline.cli.terminal import Terminal, err

if TYPE_CHECKING:
    from towline.deploy.account import Account
    from towline.deploy.destruction import Survey
    from towline.deploy.kept_data import Kept

DESCRIPTION = """\
Delete the stack towline-STAGE from the AWS account of your credentials, after asking: functions,
API, queues, cluster, network, alarms. Refuses while jobs are not finished, unless --force. Jobs,
logs, tokens, secrets and the runner's images stay in the stack towline-STAGE-data; the command
says what they cost, and a later 'towline deploy' takes them up again. --delete-data deletes them,
too, for good. Safe to repeat, also after it was killed.

exit status: 0 done (also when there was nothing), 1 AWS did not carry it out or you declined,
2 it could not be begun."""


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "destroy",
        "take the service off AWS; its data stays",
        description=DESCRIPTION,
        epilog=ENVIRONMENT,
    )
    add_account_options(parser)
    parser.add_argument("--yes", action="store_true", help="don't ask")
    parser.add_argument(
        "--force", action="store_true", help="cancel jobs that are not finished, and wait for them"
    )
    parser.add_argument(
        "--delete-data",
        action="store_true",
        help="delete jobs, logs, tokens, secrets and images, too: there is no way back",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.set_defaults(run=destroy)


def destroy(args: argparse.Namespace) -> int:
    from towline.deploy.destruction import Destruction
    from towline.deploy.errors import DeployError
    from towline.deploy.timing import Timing

    terminal = err()
    with in_words(terminal) as ended:
        account = opened(args, terminal)
        destruction = Destruction(account, args.stage, View(terminal, yes=True), Timing())
        survey = destruction.survey()
        if survey.empty:
            terminal.say(f"there is no stage {args.stage} in {account.region}: nothing to delete")
            _report(args, survey, [])
            return 0
        if survey.jobs and not args.force:
            from towline.deploy.destruction import jobs_in_words

            raise DeployError(jobs_in_words(survey.jobs))
        kept = _tell(args, account, survey, terminal)
        if survey.service is None and not args.delete_data:
            terminal.say("the service is gone already; --delete-data deletes the rest")
        else:
            _agree(args, terminal)
            destruction.run(survey, force=args.force, delete_data=args.delete_data)
            terminal.say("done")
        _report(args, survey, [] if args.delete_data else kept)
    return ended.status


def _tell(
    args: argparse.Namespace, account: Account, survey: Survey, terminal: Terminal
) -> list[Kept]:
    """Say what goes and what stays; what is kept, if anything."""
    from towline.deploy.kept_data import kept_data, total

    if survey.service is not None:
        terminal.say(f"to be deleted: the stack {survey.service.name}, which is the service")
    if survey.jobs:
        terminal.warn(f"{len(survey.jobs)} job(s) are not finished and would be cancelled")
    kept = kept_data(account, survey.data_resources)
    if kept:
        if args.delete_data:
            terminal.warn("to be deleted for good, with all secrets and tokens of the stage:")
        else:
            terminal.say("kept, with all secrets and tokens of the stage:")
        for item in kept:
            terminal.line(f"  {item.line()}")
        if not args.delete_data:
            terminal.say(total(kept))
    return kept


def _agree(args: argparse.Namespace, terminal: Terminal) -> None:
    """Raises ``Declined`` unless the stage's name is typed, or --yes was given."""
    from towline.deploy.errors import Declined

    if args.yes:
        return
    if not can_ask():
        raise Declined(
            "there is no terminal to ask at, so nothing was deleted; give --yes if it is meant"
        )
    if ask(terminal, "type the stage's name to go on: ") != args.stage:
        raise Declined("that is not the stage's name: nothing was deleted")


def _report(args: argparse.Namespace, survey: Survey, kept: list[Kept]) -> None:
    if not args.json:
        return
    deleted = [survey.service.name] if survey.service is not None else []
    if args.delete_data and survey.data is not None:
        deleted.append(survey.data.name)
    facts = {
        "stage": args.stage,
        "deleted": deleted,
        "kept": [
            {"what": k.what, "name": k.name, "usd_per_month": k.usd and round(k.usd, 4)}
            for k in kept
        ],
    }
    print(json.dumps(facts, indent=2))
