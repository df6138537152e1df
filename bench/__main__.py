"""``make bench``: all lanes in one run, as ratios."""

from __future__ import annotations

import argparse
import os

from bench import aws_requests, log_throughput, submit_to_verdict
from towline.local.backend_choice import choose


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="few rounds, a smaller log")
    parser.add_argument("--image", help="image of the docker lane; default: the runner's own")
    args = parser.parse_args()
    os.environ["NO_COLOR"] = "1"
    submit_to_verdict.process_backend(8 if args.short else 30)
    if choose("auto").name == "docker":
        submit_to_verdict.docker_backend(5 if args.short else 15, args.image)
    else:
        print("\nno Docker engine answers: its lane is left out")
    log_throughput.run(60 if args.short else 200, large=0 if args.short else 1000)
    log_throughput.visible(20 if args.short else 60)
    aws_requests.requests_of_one_job()
    aws_requests.launcher_cpu(20 if args.short else 60)


if __name__ == "__main__":
    main()
