"""Variables that CI users know, for the script of a job with a checkout."""

from __future__ import annotations

import re

from chalicelib.domain.checkout import Checkout

_PULL = re.compile(r"refs/pull/(\d+)/")


def ci_variables(
    checkout: Checkout, *, job: str, attempt: int, project: str, build: str | None
) -> dict[str, str]:
    """Name -> value. The job's own ``env`` wins over each; what does not apply is left out.

    Jobs without a checkout get none: their environment is the image's and their own alone.
    """
    found = {
        "CI": "true",
        "TOWLINE": "true",
        "TOWLINE_JOB_ID": job,
        "TOWLINE_ATTEMPT": str(attempt),
        "TOWLINE_PROJECT": project,
        "TOWLINE_REPOSITORY_URL": checkout.repository_url,
        "TOWLINE_COMMIT": checkout.commit,
    }
    if build is not None:
        found["TOWLINE_BUILD"] = build
    ref = checkout.ref or ""
    if ref:
        found["TOWLINE_REF"] = ref
    if ref.startswith("refs/heads/"):
        found["TOWLINE_BRANCH"] = ref.removeprefix("refs/heads/")
    if ref.startswith("refs/tags/"):
        found["TOWLINE_TAG"] = ref.removeprefix("refs/tags/")
    pull = _PULL.match(ref)
    if pull is not None:
        found["TOWLINE_PULL_REQUEST"] = pull.group(1)
    return found
