"""``make bench``: all lanes in one run, as ratios. ``python -m bench LANE`` runs one of some."""

from __future__ import annotations

import argparse
import os

from bench import aws_requests, cold_start, costs, log_throughput, scale, submit_to_verdict
from towline.local.backend_choice import choose


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="few rounds, a smaller log")
    parser.add_argument("--image", help="image of the docker lane; default: the runner's own")
    parser.add_argument("--write", action="store_true", help="costs: put them into docs/costs.md")
    parser.add_argument("lane", nargs="?", choices=("costs", "scale", "cold-start"))
    args = parser.parse_args()
    os.environ["NO_COLOR"] = "1"
    if args.lane == "costs":
        costs.run(write=args.write)
    elif args.lane == "scale":
        scale.run(5000 if args.short else 100_000)
    elif args.lane == "cold-start":
        cold_start.run(3 if args.short else 15)
    else:
        everything(short=args.short, image=args.image)


def everything(*, short: bool, image: str | None) -> None:
    submit_to_verdict.process_backend(8 if short else 30)
    if choose("auto").name == "docker":
        submit_to_verdict.docker_backend(5 if short else 15, image)
    else:
        print("\nno Docker engine answers: its lane is left out")
    log_throughput.run(60 if short else 200, large=0 if short else 1000)
    log_throughput.visible(20 if short else 60)
    aws_requests.requests_of_one_job()
    aws_requests.launcher_cpu(20 if short else 60)
    scale.run(5000 if short else 100_000)
    cold_start.run(3 if short else 15)


if __name__ == "__main__":
    main()
