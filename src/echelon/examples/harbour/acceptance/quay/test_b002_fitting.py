"""PRJ-001/B002: two metres of berth and half a metre of water stay free."""

import unittest

from acceptance.office import ship
from quay.models import Berth

NORTH, SOUTH, PIER = Berth("North", 60, 6), Berth("South", 45, 4), Berth("Pier", 30, 3)
ALL = [NORTH, SOUTH, PIER]


class Fitting(unittest.TestCase):
    def best(self, length, draught, taken=()):
        from quay.fitting import best_berth

        return best_berth(ship("Aurora", length, draught), ALL, taken)

    def test_the_smallest_berth_that_fits_is_the_best(self):
        self.assertEqual(self.best(28, 2.5), PIER)
        self.assertEqual(self.best(28.5, 2.5), SOUTH)
        self.assertEqual(self.best(28, 2.6), SOUTH)

    def test_taken_berths_are_passed_over(self):
        self.assertEqual(self.best(20, 2, taken={"Pier"}), SOUTH)
        self.assertEqual(self.best(20, 2, taken={"Pier", "South"}), NORTH)

    def test_some_ships_fit_nowhere(self):
        self.assertIsNone(self.best(59, 3))
        self.assertIsNone(self.best(20, 5.6))
        self.assertIsNone(self.best(20, 2, taken={"Pier", "South", "North"}))
