"""PRJ-003/B001: the price list of the office."""

import json

from acceptance.office import OfficeCase


class Prices(OfficeCase):
    def read(self, **changes):
        from tariff.prices import read_prices

        prices = {"metre_day": 150, "flat": 2500, **changes}
        (self.office / "prices.json").write_text(json.dumps(prices), "utf-8")
        return read_prices(self.office)

    def test_prices_are_whole_cents(self):
        prices = self.read()
        self.assertEqual((prices.metre_day, prices.flat), (150, 2500))

    def test_what_is_no_price_is_refused_by_its_name(self):
        for wrong in (-1, 1.5, "150", None, True):
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, "metre_day"):
                self.read(metre_day=wrong)

    def test_the_office_knows_where_it_lies(self):
        from quay import settings

        self.assertEqual(settings.path(self.office, "prices"), self.office / "prices.json")
