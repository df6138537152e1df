"""The phases of a job as the one script that the runner runs.

The script's status is the job's. Each phase is a process of its own, run from a file by the job's
own shell, so that an ``exit``, a trap or ``set -e`` in one can't reach the next or this script.
Without ``after`` the last thing done is to become the script (exec): its end is seen raw.

What this guards against, each with a test:

- ``rm -rf /tmp/*``, usual at the end of an installation, takes the job's folder away: the phases
  are kept here as texts and written just before they run.
- A TERM reaches every process of the job at once. This one waits for the phase that runs: ending
  first would cut the script's own clean-up short.
- SHLVL is what it would be without this shell around.
- Phases are told to the runner over descriptor 9, when it gave one (docs/protocol.md): the name of
  a phase before anything of it runs. What was told can't be taken back, so a script can't claim
  that the setup was still under way. The phases don't have that descriptor. A blank is before each
  name, for somebody's half a word; not a newline, after which bash would write the rest separately.
"""

from __future__ import annotations

from chalicelib.domain.spec import DEFAULT_TIMEOUT_S
from chalicelib.repofile.after_phase import after_phase
from chalicelib.repofile.planned import Phases, Script
from chalicelib.repofile.quoting import quoted

# In braces: all of it is read before any of it runs, whatever becomes of its file.
_START = """\
# Made from the repository's file. Phases: {names}.
{{
_towline_told=0
trap '_towline_told=1' TERM
trap ':' HUP INT QUIT USR1 USR2
unset SHLVL OLDPWD
_towline_folder=${{0%/*}}
_towline_began=$(date +%s 2>/dev/null)
_towline_status=0
_towline_result=passed
exec 8>&2
( : >&9 ) 2>/dev/null || exec 9>/dev/null

_towline_say() {{ printf 'towline: %s\\n' "$*"; }}

# NAME: a phase begins.
_towline_begin() {{
    printf ' %s\\n' "$1" >&9
    _towline_say "$1"
}}

# NAME TEXT: the phase's file, made anew where an earlier phase took the folder away.
_towline_write() {{
    [ -d "$_towline_folder" ] || mkdir -p "$_towline_folder"
    if printf '%s' "$2" >"$_towline_folder/job-$1"; then return 0; fi
    _towline_say "the file of $1 can't be written to $_towline_folder"
    exit 1
}}

# NAME [SHELL...]: the phase's process, in place of this one.
_towline_become() {{
    _towline_name=$1
    _towline_file=$_towline_folder/job-$1
    shift
    if [ $# -eq 0 ]; then
        if command -v bash >/dev/null 2>&1; then set -- bash; else set -- sh; fi
    fi
{teller}    exec "$@" "$_towline_file" 2>&8 8>&- 9>&-
}}
"""

# Of a script that tells its own phases.
_TELLER = """\
    [ "$_towline_name" != script ] || exec "$@" "$_towline_file" 2>&8 8>&-
"""

_ENV = """\

# Lines NAME=value that the setup left for the phases after it.
_towline_load() {
    [ -f "$TOWLINE_ENV" ] || return 0
    while IFS= read -r _towline_line || [ -n "$_towline_line" ]; do
        [ -n "$_towline_line" ] || continue
        case ${_towline_line%%=*} in
            "$_towline_line" | [0-9]* | *[!A-Za-z0-9_]* | TOWLINE_* | _towline_* | '')
                _towline_say "setup wrote a line to \\$TOWLINE_ENV that is not NAME=value:" \\
                    "$_towline_line"
                return 1
                ;;
        esac
        export "$_towline_line"
    done <"$TOWLINE_ENV"
}
"""

_SETUP_BEGINS = """\

_towline_begin setup
"""
_WORKDIR = """\
if [ "$_towline_status" -eq 0 ] && ! cd -- {folder}; then
    _towline_say "the workdir "{folder}" can't be entered"
    _towline_status=1
fi
"""
_SETUP = """\
TOWLINE_ENV=$_towline_folder/job-env
export TOWLINE_ENV
if [ "$_towline_status" -eq 0 ]; then
    _towline_write env ''
    _towline_write setup {text}
    {{ ( _towline_become setup{shell} ); _towline_status=$?; }} 2>/dev/null
fi
if [ "$_towline_status" -eq 0 ]; then
    ( _towline_load ) || _towline_status=1
fi
"""
_SETUP_FAILED = """\
if [ "$_towline_status" -ne 0 ]; then
    _towline_say "setup failed with status $_towline_status; the script was not run"
    _towline_result=setup_failed
fi
"""

_SCRIPT_LAST = """\

# The job is being ended, and what ran before took it calmly: nothing new is begun.
[ "$_towline_told" -eq 0 ] || exit 143
[ "$_towline_status" -eq 0 ] || exit "$_towline_status"
_towline_write script {text}
{begin}{load}_towline_become script{shell}
"""
_SCRIPT = """\

if [ "$_towline_told$_towline_status" = 10 ]; then
    # The job is being ended, and what ran before took it calmly: nothing new is begun.
    _towline_status=143
elif [ "$_towline_status" -eq 0 ]; then
    _towline_write script {text}
    _towline_begin script
    {{ ( {load}_towline_become script{shell} ); _towline_status=$?; }} 2>/dev/null
    [ "$_towline_status" -eq 0 ] || _towline_result=failed
fi
"""


def job_script(
    phases: Phases,
    *,
    workdir: str | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    silence_timeout_s: float | None = None,
) -> str:
    """A POSIX shell script, to be run by bash or sh, whichever the image has.

    ``workdir`` is entered first, from where the job begins; not getting there is the setup's
    failure. The limits are the job's own: ``after`` stays within them.
    """
    has_setup = phases.setup is not None
    there = (("setup", has_setup), ("script", True), ("after", phases.after is not None))
    parts = [
        _START.format(
            names=", ".join(name for name, is_there in there if is_there),
            teller=_TELLER if phases.marks_phases else "",
        )
    ]
    parts += [_ENV] if has_setup else []
    parts += _setup(phases.setup, workdir)
    load = "_towline_load; " if has_setup else ""
    parts.append(
        (_SCRIPT if phases.after else _SCRIPT_LAST).format(
            text=quoted(phases.script.text),
            shell=_words(phases.script),
            load=load if phases.after else load.replace("; ", "\n"),
            begin="" if phases.marks_phases else "_towline_begin script\n",
        )
    )
    if phases.after is not None:
        after = f"_towline_write after {quoted(phases.after.text)} && "
        after += f"{load}_towline_become after{_words(phases.after)}"
        parts.append(after_phase(after, timeout_s=timeout_s, silence_timeout_s=silence_timeout_s))
    return "".join([*parts, "}\n"])


def _setup(setup: Script | None, workdir: str | None) -> list[str]:
    if setup is None and workdir is None:
        return []
    parts = [_SETUP_BEGINS]
    if workdir is not None:
        parts.append(_WORKDIR.format(folder=quoted(workdir)))
    if setup is not None:
        parts.append(_SETUP.format(text=quoted(setup.text), shell=_words(setup)))
    return [*parts, _SETUP_FAILED]


def _words(script: Script) -> str:
    return "".join(f" {quoted(word)}" for word in script.argv or ())
