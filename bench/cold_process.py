"""What a fresh function does, in a process of its own: import, then its first event.

Run by ``bench.cold_start`` with the unpacked package on the path and nothing else of this tree.
Reads one JSON object, writes one as its last line; times are CPU milliseconds of this process.
"""

from __future__ import annotations

import importlib
import json
import sys
import time


class Context:
    function_name = "towline-bench"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:towline-bench"
    memory_limit_in_mb = 512
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def main() -> None:
    asked = json.load(sys.stdin)
    begun = time.process_time()
    module = importlib.import_module(asked["module"])
    imported = time.process_time()
    answer = None
    if "handler" in asked:
        answer = getattr(module, asked["handler"])(asked["event"], Context())
    done = time.process_time()
    times = {"import_ms": 1000 * (imported - begun), "first_ms": 1000 * (done - imported)}
    print("\n" + json.dumps({**times, "answer": answer}))


if __name__ == "__main__":
    main()
