"""The suite of every day. It passes."""

import subprocess
import sys
import unittest
from pathlib import Path

from textstat import Counts, count

PROGRAM = Path(__file__).parent.parent / "textstat.py"


class CountTest(unittest.TestCase):
    def test_an_empty_text_has_nothing(self):
        self.assertEqual(count(""), Counts(0, 0, 0))

    def test_words_are_split_at_any_space(self):
        self.assertEqual(count("one\ttwo  three\n").words, 3)

    def test_characters_are_not_bytes(self):
        self.assertEqual(count("déjà vu\n").characters, 8)

    def test_the_program_prints_a_line_for_each_file(self):
        answer = subprocess.run(
            [sys.executable, str(PROGRAM), str(PROGRAM), __file__],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(len(answer.stdout.splitlines()), 2)


if __name__ == "__main__":
    unittest.main()
