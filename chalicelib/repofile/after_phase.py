"""The phase ``after``: it runs whatever the script did, for a bounded time, and changes nothing."""

from __future__ import annotations

AFTER_S = 300
"""The longest that it may take."""
MARGIN_S = 5
"""Before the job's own limits, which would change the verdict."""

# The clock is "sleep" itself, waited for first: it ends by itself when the time is over, and is
# killed by what watches the phase when that has ended. KILL, as another signal could be lost in a
# process that was only just forked. "wait" comes back early when a signal is caught, hence the
# loop. What the phase has started and left ends with the job. Without "sleep" in the image the
# job's own timeout is the only bound.
_BOUNDED = """\

# PID: its status, however many signals are caught meanwhile.
_towline_wait() {
    while :; do
        wait "$1"
        _towline_ended=$?
        [ "$_towline_ended" -gt 128 ] && kill -0 "$1" || return "$_towline_ended"
    done
}

# SECONDS LIMIT: how much of SECONDS is left before LIMIT seconds of the whole job are over.
_towline_left() {
    _towline_now=$(date +%s 2>/dev/null)
    _towline_left=$1
    case $_towline_began$_towline_now in
        *[!0-9]* | '') return ;;
    esac
    [ -n "$_towline_now" ] && [ -n "$_towline_began" ] || return
    _towline_rest=$(($2 - (_towline_now - _towline_began)))
    [ "$_towline_rest" -ge "$1" ] || _towline_left=$_towline_rest
}
"""

_AFTER = """\

if [ "$_towline_told" -ne 0 ]; then _towline_result=stopped; fi
TOWLINE_RESULT=$_towline_result
TOWLINE_EXIT_STATUS=$_towline_status
export TOWLINE_RESULT TOWLINE_EXIT_STATUS
_towline_left {seconds} {limit}
if [ "$_towline_left" -lt 1 ]; then
    _towline_say "there is no time left for after, so it was not run"
    exit "$_towline_status"
fi
_towline_begin after
{{
    ( exec sleep "$_towline_left" >/dev/null 8>&- 9>&- ) &
    _towline_clock=$!
    (
        # Stays until the phase's own process has ended, as that may have to clean up.
        trap ':' TERM
        ( {run} )
        _towline_after=$?
        kill -KILL "$_towline_clock"
        exit "$_towline_after"
    ) &
    _towline_phase=$!
    if _towline_wait "$_towline_clock"; then
        _towline_say "after did not end within $_towline_left s and is ended"
    elif ! _towline_wait "$_towline_phase"; then
        _towline_say "after ended with status $_towline_ended, which changes nothing"
    fi
}} 2>/dev/null
exit "$_towline_status"
"""


def after_phase(run: str, *, timeout_s: float, silence_timeout_s: float | None = None) -> str:
    """Shell text for the end of a job's script; ``run`` is what the phase runs, in a subshell.

    It needs ``_towline_say``, ``_towline_begin`` and the variables ``_towline_began``, ``_told``,
    ``_status`` and ``_result``. The job's own limits end a job as timed out, so it keeps away from
    them.
    """
    seconds = AFTER_S
    if silence_timeout_s is not None:
        seconds = min(seconds, max(1, int(silence_timeout_s) - MARGIN_S))
    return _BOUNDED + _AFTER.format(seconds=seconds, limit=int(timeout_s) - MARGIN_S, run=run)
