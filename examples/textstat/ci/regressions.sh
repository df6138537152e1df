#!/bin/sh
set -eu
echo "running the tests of reported bugs"
exec "${PYTHON:-python3}" -m unittest -v tests/regressions.py
