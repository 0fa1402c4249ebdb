"""PRJ-003/B002: each day that was begun is paid, counted from the minute of arrival."""

import unittest

from acceptance.office import at


class Days(unittest.TestCase):
    def days(self, since, until):
        from tariff.days import started_days

        return started_days(at(since), at(until))

    def test_a_day_is_24_hours_and_not_a_date(self):
        self.assertEqual(self.days("01 23:50", "02 00:10"), 1)
        self.assertEqual(self.days("01 08:00", "02 08:00"), 1)
        self.assertEqual(self.days("01 08:00", "02 08:01"), 2)

    def test_the_shortest_stay_is_a_day(self):
        self.assertEqual(self.days("01 08:00", "01 08:00"), 1)

    def test_nobody_leaves_before_arriving(self):
        with self.assertRaises(ValueError):
            self.days("02 08:00", "01 08:00")
