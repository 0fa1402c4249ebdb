import unittest
from datetime import datetime

from quay.models import Ship
from quay.tides import passage

NOON, EVENING = datetime(2024, 5, 1, 12), datetime(2024, 5, 1, 18)


class Tides(unittest.TestCase):
    def test_a_tide_that_is_just_high_enough_is_enough(self) -> None:
        self.assertEqual(passage(Ship("Aurora", 40, 4.5), 3, [(EVENING, 2.0)], NOON), EVENING)

    def test_the_tide_of_this_very_minute_counts(self) -> None:
        self.assertEqual(passage(Ship("Aurora", 40, 4.5), 3, [(NOON, 2.0)], NOON), NOON)

    def test_without_a_table_only_light_ships_pass(self) -> None:
        self.assertEqual(passage(Ship("Bella", 20, 2.5), 3, [], NOON), NOON)
        self.assertIsNone(passage(Ship("Aurora", 40, 2.6), 3, [], NOON))
