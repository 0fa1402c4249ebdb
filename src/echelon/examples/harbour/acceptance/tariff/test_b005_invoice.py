"""PRJ-003/B005: the bill."""

from datetime import date

from acceptance.office import OfficeCase, stay


class Invoice(OfficeCase):
    def invoice(self, until):
        from tariff.invoice import invoice
        from tariff.prices import read_prices

        return invoice(stay("Aurora", "North", "01 08:00", until), read_prices(self.office), date(2024, 5, 31))

    def test_it_says_who_lay_where_and_what_it_costs(self):
        lines = [" ".join(line.split()) for line in self.invoice("03 08:00").splitlines()]
        self.assertIn("Invoice for Aurora, 2024-05-31", lines)
        self.assertIn("North, 2024-05-01 08:00 to 2024-05-03 08:00", lines)
        self.assertIn("2 days at 60.00 EUR 120.00 EUR", lines)
        self.assertIn("flat rate 25.00 EUR", lines)
        self.assertIn("total 145.00 EUR", lines)

    def test_only_a_long_stay_has_a_line_for_it(self):
        self.assertNotIn("long stay", self.invoice("03 08:00"))
        self.assertIn("long stay", self.invoice("30 08:00"))

    def test_a_ship_that_is_still_here_has_no_invoice(self):
        with self.assertRaisesRegex(ValueError, "Aurora is still here"):
            self.invoice(None)
