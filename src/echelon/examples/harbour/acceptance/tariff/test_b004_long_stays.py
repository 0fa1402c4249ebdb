"""PRJ-003/B004: a long stay costs less. From which day on is the harbour master's to say, so it is not said here."""

import unittest


class LongStays(unittest.TestCase):
    def paid(self, days):
        from tariff.long_stays import paid_days

        return paid_days(days)

    def test_a_week_is_paid_in_full(self):
        self.assertEqual([self.paid(days) for days in range(1, 8)], list(range(1, 8)))

    def test_two_months_cost_less_than_two_months_and_not_less_than_half(self):
        self.assertLess(self.paid(60), 60)
        self.assertGreaterEqual(self.paid(60), 30)

    def test_it_is_never_cheaper_to_stay_longer(self):
        paid = [self.paid(days) for days in range(1, 400)]
        self.assertEqual(paid, sorted(paid))
