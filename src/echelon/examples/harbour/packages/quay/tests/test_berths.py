import json
import tempfile
import unittest
from pathlib import Path

from quay import settings
from quay.berths import read_berths
from quay.models import Berth, Ship

WEST, EAST = {"name": "West", "length": 60, "depth": 5}, {"name": "East", "length": 20, "depth": 3}


class Berths(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.office = Path(folder.name)

    def write(self, *rows: dict) -> None:
        settings.path(self.office, "berths").write_text(json.dumps(rows), "utf-8")

    def test_they_are_read_by_name(self) -> None:
        self.write(WEST, EAST)
        self.assertEqual(read_berths(self.office), [Berth("East", 20, 3), Berth("West", 60, 5)])

    def test_a_name_is_there_once(self) -> None:
        self.write(WEST, EAST, WEST)
        with self.assertRaisesRegex(ValueError, "West is there twice"):
            read_berths(self.office)

    def test_no_two_files_of_an_office_share_a_name(self) -> None:
        self.assertEqual(len(set(settings.FILES.values())), len(settings.FILES))

    def test_a_ship_has_a_name_and_a_size(self) -> None:
        for name, length, draught in [(" ", 40, 3), ("Aurora", 0, 3), ("Aurora", 40, -1)]:
            with self.assertRaises(ValueError):
                Ship(name, length, draught)
