"""One Travis job as a shell script: all phases in one shell, with Travis's rules for failures.

https://docs.travis-ci.com/user/job-lifecycle/#breaking-the-build: a failure in before_install,
install or before_script stops the job (here it is named as the setup's); every line of script runs,
and the job fails when any of them did; after_success, after_failure and after_script don't change
the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.spec import DEFAULT_TIMEOUT_S
from chalicelib.repofile.after_phase import after_phase
from chalicelib.repofile.quoting import quoted

SETUP_PHASES = ("before_install", "install", "before_script")
AFTER_PHASES = ("after_success", "after_failure", "after_script")
PHASES = (*SETUP_PHASES, "script", *AFTER_PHASES)


@dataclass(frozen=True, slots=True)
class TravisPhases:
    """Commands by phase, and assignments that every command sees."""

    commands: dict[str, tuple[str, ...]]
    variables: tuple[str, ...] = ()

    def of(self, phase: str) -> tuple[str, ...]:
        return self.commands.get(phase, ())


# Every command is one "eval" at the top, not inside of a function, where "declare" would be local.
# The pipe that hears the phases (descriptor 9) is closed for it.
_START = """\
# Made from .travis.yml: all phases run in this one shell.
{{
_towline_told=0
trap '_towline_told=1; exit 143' TERM
_towline_began=$(date +%s 2>/dev/null)
_towline_status=0
_towline_failed=0

_towline_say() {{ printf 'towline: %s\\n' "$*"; }}
_towline_begin() {{
    {{ printf ' %s\\n' "$1" >&9; }} 2>/dev/null
    _towline_say "$1"
}}

# PHASE COMMAND: what stops the job when it fails.
_towline_must() {{
    _towline_status=$?
    if [ "$_towline_status" -eq 0 ]; then return 0; fi
    printf 'The command "%s" failed and exited with %s during %s.\\n' "$2" "$_towline_status" "$1"
    _towline_say "setup failed with status $_towline_status; the script was not run"
    exit "$_towline_status"
}}

# COMMAND: what fails the job and lets it go on.
_towline_count() {{
    _towline_status=$?
    printf 'The command "%s" exited with %s.\\n' "$1" "$_towline_status"
    if [ "$_towline_status" -ne 0 ]; then _towline_failed=1; fi
}}

travis_retry() {{
    _towline_tries=1
    until "$@"; do
        _towline_status=$?
        if [ "$_towline_tries" -ge 3 ]; then return "$_towline_status"; fi
        _towline_tries=$((_towline_tries + 1))
        printf 'The command "%s" failed. Retrying, %s of 3.\\n' "$*" "$_towline_tries"
        sleep 1
    done
}}
travis_wait() {{
    case $1 in *[!0-9]*) ;; *) shift ;; esac
    "$@"
}}
travis_terminate() {{ exit "${{1:-0}}"; }}
travis_fold() {{ :; }}
travis_time_start() {{ :; }}
travis_time_finish() {{ :; }}

TRAVIS_BUILD_DIR=$PWD
TRAVIS_BRANCH=${{TOWLINE_BRANCH:-${{TOWLINE_TAG:-}}}}
TRAVIS_TAG=${{TOWLINE_TAG:-}}
TRAVIS_COMMIT=${{TOWLINE_COMMIT:-}}
TRAVIS_PULL_REQUEST=${{TOWLINE_PULL_REQUEST:-false}}
TRAVIS_REPO_SLUG=${{TOWLINE_PROJECT:-}}
TRAVIS_BUILD_ID=${{TOWLINE_BUILD:-}}
TRAVIS_JOB_ID=${{TOWLINE_JOB_ID:-}}
export TRAVIS_BUILD_DIR TRAVIS_BRANCH TRAVIS_TAG TRAVIS_COMMIT TRAVIS_PULL_REQUEST
export TRAVIS_REPO_SLUG TRAVIS_BUILD_ID TRAVIS_JOB_ID
_towline_begin setup
"""

_SCRIPT_BEGINS = """\
_towline_begin script
"""

_SCRIPT_ENDS = """\
TRAVIS_TEST_RESULT=$_towline_failed
export TRAVIS_TEST_RESULT
_towline_status=$_towline_failed
"""

# What the script set for its shell must not reach what is around the last phases, which end with
# "exit".
_AFTER_BEGINS = """\
set +eu
unset IFS
trap '_towline_told=1' TERM
_towline_result=passed
if [ "$_towline_status" -ne 0 ]; then _towline_result=failed; fi
exec 8>&2
"""

_EXIT = """\
exit "$_towline_status"
"""


def travis_script(phases: TravisPhases) -> str:
    """For bash, which Travis ran; any POSIX shell will do for commands that are POSIX."""
    parts = [_START.format()]
    exports = tuple(f"export {line}" for line in phases.variables)
    for phase, commands in (("env", exports), *((p, phases.of(p)) for p in SETUP_PHASES)):
        parts += [_command(each) + f"_towline_must {phase} {quoted(each)}\n" for each in commands]
    parts.append(_SCRIPT_BEGINS)
    parts += [_command(each) + f"_towline_count {quoted(each)}\n" for each in phases.of("script")]
    parts.append(_SCRIPT_ENDS)
    if any(map(phases.of, AFTER_PHASES)):
        parts += [_AFTER_BEGINS, after_phase(_after(phases), timeout_s=DEFAULT_TIMEOUT_S)]
    else:
        parts.append(_EXIT)
    return "".join([*parts, "}\n"])


def _command(command: str) -> str:
    text = quoted(command.rstrip("\n") + "\n")
    shown = quoted("$ " + command.strip("\n"))
    return f"printf '%s\\n' {shown}\neval {text} 9>&-\n"


def _after(phases: TravisPhases) -> str:
    """They see the shell as the script left it, but in a copy, so that they can't end the job."""
    lines = ["exec 2>&8 8>&- 9>&-\n"]
    for phase, condition in (
        ("after_success", '[ "$TRAVIS_TEST_RESULT" -eq 0 ]'),
        ("after_failure", '[ "$TRAVIS_TEST_RESULT" -ne 0 ]'),
        ("after_script", "true"),
    ):
        commands = phases.of(phase)
        if commands:
            body = "".join(map(_command, commands))
            lines.append(f"if {condition}; then\n{body}fi\n")
    return "".join(["\n", *lines])
