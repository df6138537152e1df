"""``towline jobs``, ``show``, ``cancel`` and ``rerun``."""

from __future__ import annotations

import argparse
import json
import sys

from towline.cli.connect import ENVIRONMENT, add_connection_options, connect
from towline.cli.parser import Commands, add_command
from towline.cli.problem import Problem
from towline.cli.terminal import err, out

STATES = ("queued", "starting", "running", "finished")
VERDICTS = ("passed", "failed", "errored", "cancelled", "timed_out")


def add(commands: Commands) -> None:
    jobs = add_command(commands, "jobs", "list jobs, newest first", epilog=ENVIRONMENT)
    jobs.add_argument("--project", help="only of this project")
    jobs.add_argument("--state", choices=STATES, help="only in this state")
    jobs.add_argument("--verdict", choices=VERDICTS, help="only with this verdict")
    jobs.add_argument("-n", "--limit", type=int, default=20, help="at most so many (%(default)s)")
    jobs.add_argument("--json", action="store_true", help='as JSON: {"jobs": […]}')
    add_connection_options(jobs)
    jobs.set_defaults(run=list_jobs)

    show = add_command(
        commands, "show", "show one job: verdict, cause, attempts", epilog=ENVIRONMENT
    )
    show.add_argument("--json", action="store_true", help="as JSON, all that the service shows")
    cancel = add_command(commands, "cancel", "cancel a job", epilog=ENVIRONMENT)
    cancel.add_argument("--json", action="store_true", help="print the job as JSON")
    rerun = add_command(
        commands,
        "rerun",
        "submit a job's spec again",
        description="Submit a job's spec again; prints the new job's id.",
        epilog=ENVIRONMENT,
    )
    rerun.add_argument("--json", action="store_true", help="print the new job as JSON")
    for parser, call in ((show, show_job), (cancel, cancel_job), (rerun, rerun_job)):
        parser.add_argument("job", metavar="JOB", help="the job's id")
        add_connection_options(parser)
        parser.set_defaults(run=call)


def list_jobs(args: argparse.Namespace) -> int:
    from towline.cli.jobs_view import now_utc, table

    if args.limit < 1:
        raise Problem("--limit must be at least 1")
    names = ("project", "state", "verdict")
    filters = {name: getattr(args, name) for name in names if getattr(args, name)}
    jobs = list(connect(args).jobs(filters, args.limit))
    if args.json:
        print(json.dumps({"jobs": jobs}, indent=2))
    elif jobs:
        for line in table(jobs, now_utc(), out()):
            print(line)
    else:
        err().say("no jobs" + (" like that" if filters else " yet"))
    return 0


def show_job(args: argparse.Namespace) -> int:
    from towline.cli.job_page import page

    job = connect(args).job(args.job)
    if args.json:
        print(json.dumps(job, indent=2))
    else:
        print("\n".join(page(job, out())))
    return 0


def cancel_job(args: argparse.Namespace) -> int:
    job = connect(args).cancel(args.job)
    if args.json:
        print(json.dumps(job, indent=2))
    elif job["verdict"] == "cancelled":
        err().say(f"job {job['id']} is cancelled")
    elif job["state"] == "finished":
        err().say(f"job {job['id']} was over already: {job['verdict']}")
    else:
        err().say(f"job {job['id']} is being cancelled; follow it with: towline log -f {job['id']}")
    return 0


def rerun_job(args: argparse.Namespace) -> int:
    job = connect(args).rerun(args.job)
    if args.json:
        print(json.dumps(job, indent=2))
    else:
        sys.stdout.write(f"{job['id']}\n")
    return 0
