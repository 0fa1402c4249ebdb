"""PRJ-001/B006: a ship too deep for low water waits for the tide."""

import unittest

from acceptance.office import at, ship

TIDES = [(at("01 00:00"), 0.2), (at("01 06:00"), 2.4), (at("01 12:00"), 0.3), (at("01 18:00"), 2.6)]


class Tides(unittest.TestCase):
    def passage(self, draught, when):
        from quay.tides import passage

        return passage(ship("Aurora", 40, draught), 3.0, TIDES, at(when))

    def test_it_passes_at_the_first_tide_that_is_high_enough(self):
        self.assertEqual(self.passage(4.5, "01 00:00"), at("01 06:00"))
        self.assertEqual(self.passage(4.5, "01 07:00"), at("01 18:00"))

    def test_a_light_ship_need_not_wait(self):
        self.assertEqual(self.passage(2.5, "01 03:30"), at("01 03:30"))

    def test_when_no_tide_is_high_enough_there_is_no_passage(self):
        self.assertIsNone(self.passage(5.2, "01 00:00"))
