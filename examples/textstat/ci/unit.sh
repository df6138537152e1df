#!/bin/sh
set -eu
echo "running the unit tests of textstat"
exec "${PYTHON:-python3}" -m unittest -v tests/test_textstat.py
