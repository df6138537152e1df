"""How a runner begins: as a fork of the keeper that has its modules loaded, or as a new program."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from towline.backends.keeper.title import set_title

PACKAGE = "towline_runner"
NOT_BEFOREHAND = ("__main__", "trust")
"""Modules that do something when they are imported, or that are rarely needed."""
LIBRARY = ("zlib",)
"""What the runner imports inside functions."""

Main = Callable[[Mapping[bytes, bytes]], NoReturn]


@dataclass(frozen=True, slots=True)
class Program:
    """The runner in ``folder``. ``main`` None: it is executed by ``python``, as in a container."""

    python: str
    folder: str
    main: Main | None = None

    def become(self, environment: Mapping[str, str]) -> NoReturn:
        """Turn this process, a fork of the keeper, into the runner. Raises ``OSError``."""
        if self.main is None:
            argv = [self.python, "-I", "-S", "-B", self.folder]
            os.execve(self.python, argv, dict(environment))
        # As the interpreter has them when it starts.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        set_title(PACKAGE, environment.get("TOWLINE_JOB", ""))
        self.main({os.fsencode(name): os.fsencode(text) for name, text in environment.items()})


def load(python: str, folder: str) -> Program:
    """The program with its modules loaded, so that each start saves the interpreter's and theirs.

    A folder that holds another program than Towline's runner is executed anew each time.
    """
    parent, name = os.path.split(folder.rstrip("/"))
    if name != PACKAGE:
        return Program(python, folder)
    sys.path.insert(0, parent)
    try:
        package = importlib.import_module(PACKAGE)
        for module in pkgutil.iter_modules(package.__path__):
            if module.name not in NOT_BEFOREHAND:
                importlib.import_module(f"{PACKAGE}.{module.name}")
        for module_name in LIBRARY:
            importlib.import_module(module_name)
        main: Main = importlib.import_module(f"{PACKAGE}.life").main
    finally:
        sys.path.remove(parent)
    # Collections would otherwise write to every page that parent and child share.
    gc.collect()
    gc.freeze()
    return Program(python, folder, main)
