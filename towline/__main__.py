"""``python -m towline`` is the command ``towline``."""

import sys

from towline.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
