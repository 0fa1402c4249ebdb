import unittest

from tariff.money import euros


class Money(unittest.TestCase):
    def test_cents_have_two_digits(self) -> None:
        self.assertEqual([euros(cents) for cents in (0, 5, 1250, 100_000)], ["0.00 EUR", "0.05 EUR", "12.50 EUR", "1000.00 EUR"])

    def test_what_is_given_back_has_a_sign(self) -> None:
        self.assertEqual(euros(-199), "-1.99 EUR")
