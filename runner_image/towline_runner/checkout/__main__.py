"""Way in: carries out the order on standard input; the words of a failure go to descriptor 3."""

import sys

RESULT = 3
FAILED = 1


def _make_importable() -> None:
    here = __file__.rpartition("/")[0]
    if here in sys.path:
        sys.path.remove(here)
    sys.path.insert(0, here.rpartition("/")[0].rpartition("/")[0] or "/")


if __name__ == "__main__":
    _make_importable()
    import os

    from towline_runner.checkout.carry_out import main
    from towline_runner.checkout.failure import CheckoutFailed

    try:
        main()
    except CheckoutFailed as trouble:
        os.write(RESULT, str(trouble).encode("utf-8", "replace"))
        sys.exit(FAILED)
