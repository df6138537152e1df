"""Tests of bugs that were reported. One is still open, so this fails, and the job with it."""

import unittest

from textstat import count


class ReportedBugs(unittest.TestCase):
    def test_a_file_of_one_line_has_one_line(self):
        self.assertEqual(count("one line\n").lines, 1)

    def test_a_last_line_without_line_feed_counts(self):
        self.assertEqual(count("first\nlast").lines, 2)


if __name__ == "__main__":
    unittest.main()
