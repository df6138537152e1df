"""Way in: ``python -I -S <this folder>``, or this file by its path, which starts 4 ms sooner."""

import sys


def _make_importable() -> None:
    """Make the package importable, whatever folder it lies in, and its parts only through it."""
    here = __file__.rpartition("/")[0]
    if not here.startswith("/"):
        import os

        here = os.path.abspath(here or ".")
    if here in sys.path:
        # Given as a folder it would be searched first, and a part could hide a library module.
        sys.path.remove(here)
    sys.path.insert(0, here.rpartition("/")[0] or "/")


if __name__ == "__main__":
    _make_importable()
    from towline_runner.life import main

    main()
