import unittest
from fractions import Fraction

from tariff.long_stays import paid_days


class LongStays(unittest.TestCase):
    def test_the_eighth_day_is_the_first_that_costs_half(self) -> None:
        self.assertEqual([paid_days(7), paid_days(8), paid_days(9)], [7, Fraction(15, 2), 8])
