import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from desk.__main__ import main


class Berths(unittest.TestCase):
    def test_they_are_printed(self) -> None:
        with tempfile.TemporaryDirectory() as office, contextlib.redirect_stdout(io.StringIO()) as printed:
            row = {"name": "West", "length": 60, "depth": 5.5}
            (Path(office) / "berths.json").write_text(json.dumps([row]), "utf-8")
            self.assertEqual(main(["--office", office, "berths"]), 0)
        self.assertEqual(printed.getvalue(), "West  60 m  5.5 m deep\n")

    def test_what_is_wrong_is_one_line(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            self.assertEqual(main(["--office", "/nowhere/at/all", "berths"]), 1)
        self.assertEqual(printed.getvalue().count("\n"), 1)
