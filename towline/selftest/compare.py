"""What was observed of a case against what is true of it."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.verdict import Verdict
from towline.selftest.case import Case, Ending, OutputRule

SHOWN = 160
WALL_SLACK_S = 5.0
"""Seconds that a busy machine may add to a case's bound before that counts as a difference."""


@dataclass(frozen=True, slots=True)
class Observed:
    """How a script ended and what it said.

    ``output`` is all of it when it is short; of a long one the middle may be missing.
    """

    ending: Ending
    size: int
    sha256: str
    output: bytes
    seconds: float = 0.0
    detail: str = ""
    phases: str = ""
    """Where the seconds went, in words."""


def differences(case: Case, observed: Observed) -> list[str]:
    """One sentence for each thing that is not as it should be; empty when all is well."""
    found = []
    if not _ending_agrees(case, observed.ending):
        why = f" ({observed.detail})" if observed.detail else ""
        found.append(f"ended {observed.ending}{why}, the truth is {case.ends}")
    found += _output_differences(case.output, observed)
    bound = case.limits.wall_s
    if bound is not None and observed.seconds > bound + WALL_SLACK_S:
        phases = f" ({observed.phases})" if observed.phases else ""
        found.append(f"took {observed.seconds:.1f} s, it may take {bound:g} s{phases}")
    return found


def _ending_agrees(case: Case, ending: Ending) -> bool:
    if ending.verdict in (Verdict.PASSED, Verdict.FAILED):
        return ending == case.ends or ending.verdict in case.also
    # What a script that we ended said in the end, or one that never began, is not compared.
    return ending.verdict is case.ends.verdict or ending.verdict in case.also


def _output_differences(rule: OutputRule, observed: Observed) -> list[str]:
    found = []
    if rule.exact is not None:
        if (observed.size, observed.output) != (len(rule.exact), rule.exact):
            shown = _shown(observed.output)
            found.append(f"said {shown} ({observed.size} bytes) instead of {_shown(rule.exact)}")
    elif rule.size is not None and observed.size != rule.size:
        found.append(f"said {observed.size} bytes instead of {rule.size}")
    elif rule.sha256 is not None and observed.sha256 != rule.sha256:
        found.append(f"said {rule.size} bytes, but not the right ones: {_shown(observed.output)}")
    output = observed.output
    missing = [text for text in rule.contains if text not in output]
    found += [f"did not say {_shown(text)}: {_shown(output)}" for text in missing]
    unwanted = [text for text in rule.excludes if text in output]
    found += [f"said {_shown(text)}, which it must not" for text in unwanted]
    return found


def _shown(data: bytes) -> str:
    """Bytes as Python writes them, the middle left out."""
    if len(data) <= SHOWN:
        return repr(data)
    return f"{data[: SHOWN // 2]!r}...{data[-SHOWN // 2 :]!r}"
