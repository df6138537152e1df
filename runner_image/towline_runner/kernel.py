"""Wishes to the kernel that Python has no function for: prctl(2) by the C part of ctypes.

``ctypes`` itself would take 3 ms to import, and the child needs this before the claim.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_SET_PDEATHSIG = 1
_SET_DUMPABLE = 4
_SET_CHILD_SUBREAPER = 36
_SIGKILL = 9
_CDECL = 1


def become_subreaper() -> bool:
    """Orphans among the descendants become our children, so that none escapes. False: not
    possible."""
    return _prctl(_SET_CHILD_SUBREAPER, 1)


def hide_memory() -> bool:
    """Processes of the same user may not read this one's memory, environment and descriptors: they
    hold secrets and the lease. False: not possible."""
    return _prctl(_SET_DUMPABLE, 0)


def die_with_parent() -> bool:
    """This process is killed when the thread that forked it ends. False: not possible."""
    return _prctl(_SET_PDEATHSIG, _SIGKILL)


def restore_reserved(numbers: tuple[int, ...]) -> None:
    """Signals that the C library keeps for itself, to their default action. Best effort.

    It refuses them in sigaction(3), so the system call is made without it. ``ctypes`` as a whole
    is loaded: only a runner that was started under such a program as timeout(1) comes here.
    """
    import os

    call = {"x86_64": 13, "aarch64": 134}.get(os.uname().machine)
    try:
        import ctypes
    except ImportError:
        return
    if call is not None:
        default = ctypes.create_string_buffer(32)  # SIG_DFL, no flags, no mask
        for number in numbers:
            ctypes.CDLL(None).syscall(call, number, default, None, 8)


def _prctl(option: int, value: int) -> bool:
    try:
        import _ctypes
    except ImportError:
        return False

    simple: Any = _ctypes._SimpleCData
    number = type(simple)("number", (simple,), {"_type_": "i"})
    word = type(simple)("word", (simple,), {"_type_": "L"})
    pointer: Any = _ctypes.CFuncPtr
    shape = {"_flags_": _CDECL, "_restype_": number}
    function = type(pointer)("function", (pointer,), shape)
    opened: Any = _ctypes.dlopen
    try:
        call = function(_ctypes.dlsym(opened(None, 0), "prctl"))
    except OSError:
        return False
    call.argtypes = (number, word, word, word, word)
    return bool(call(option, value, 0, 0, 0) == 0)
