"""What the script finds in its environment: the image's own, the job's, and nothing of the
runner."""

from __future__ import annotations

from towline_runner.identity import Identity
from towline_runner.work import NotStarted

DEFAULT_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OURS = b"TOWLINE_"
# They change what a shell does before its first line (or count shells): a script must not depend on
# what the runner was started from. The job's own "env" may set them.
_SHELL_STATE = frozenset(
    (b"BASH_ENV", b"ENV", b"SHELLOPTS", b"BASHOPTS", b"SHLVL", b"OLDPWD", b"_")
)
_FUNCTIONS = (b"BASH_FUNC_",)
# The backend kept the image's preloaded library from the runner, whose C library is another.
_IMAGES_PRELOAD = b"TOWLINE_IMAGE_LD_PRELOAD"
_KEPT_OUTSIDE_A_CONTAINER = frozenset(
    (b"PATH", b"HOME", b"USER", b"LOGNAME", b"SHELL", b"LANG", b"TZ", b"TMPDIR")
)
# Docker sets HOME for the user that it starts the runner as, which is not the job's.
_HOMES_OF_ROOT = (b"/root", b"/")


def base(outside: dict[bytes, bytes], *, in_container: bool) -> dict[bytes, bytes]:
    """The part that does not come from the job: a container's own environment without ours, or,
    outside of one, a short list, so that a job's result does not depend on who started it."""
    if in_container:
        kept = {
            name: value
            for name, value in outside.items()
            if not name.startswith((_OURS, *_FUNCTIONS)) and name not in _SHELL_STATE
        }
        preload = outside.get(_IMAGES_PRELOAD)
        return kept | {b"LD_PRELOAD": preload} if preload else kept
    return {
        name: value
        for name, value in outside.items()
        if name in _KEPT_OUTSIDE_A_CONTAINER or name.startswith(b"LC_")
    }


def build(
    outside: dict[bytes, bytes],
    *,
    in_container: bool,
    identity: Identity,
    dropped: bool,
    env: dict[str, str | None],
    secrets: dict[str, str],
) -> dict[bytes, bytes]:
    """The whole environment. ``dropped``: the job's user is another than the runner's.

    Raises NotStarted for a name or a value that no environment can hold.
    """
    made = base(outside, in_container=in_container)
    made.setdefault(b"PATH", DEFAULT_PATH)
    if b"HOME" not in made or (dropped and made[b"HOME"] in _HOMES_OF_ROOT):
        made[b"HOME"] = (identity.home or "/").encode("utf-8", "surrogateescape")
    if dropped and not in_container:
        for name in (b"USER", b"LOGNAME"):
            made[name] = _bytes("USER", identity.name or str(identity.uid))
    for word, text in [*env.items(), *secrets.items()]:
        key = _bytes(word, word)
        if not key or b"=" in key:
            raise NotStarted(f"{word!r} can't be the name of an environment variable.")
        if text is None:
            made.pop(key, None)
        else:
            made[key] = _bytes(word, text)
    return made


def _bytes(name: str, text: str) -> bytes:
    if "\0" in text:
        raise NotStarted(f"The environment variable {name!r} can't hold a NUL character.")
    return text.encode("utf-8", "surrogatepass")
