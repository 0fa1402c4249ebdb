"""PRJ-003/B003: what a stay costs before reductions."""

from acceptance.office import OfficeCase, at, stay


class Dues(OfficeCase):
    def dues(self, length, since, until, now="31 00:00"):
        from tariff.dues import dues
        from tariff.prices import read_prices

        return dues(stay("Aurora", "North", since, until, length), read_prices(self.office), at(now))

    def test_each_metre_and_day_and_once_the_flat_rate(self):
        found = self.dues(40, "01 08:00", "03 08:00")
        self.assertEqual((found.days, found.per_day, found.flat, found.total), (2, 6000, 2500, 14500))

    def test_a_metre_that_was_begun_is_a_metre(self):
        self.assertEqual(self.dues(39.1, "01 08:00", "02 08:00").per_day, 6000)

    def test_a_ship_that_is_still_here_owes_until_now(self):
        self.assertEqual(self.dues(40, "01 08:00", None, now="04 07:00").days, 3)
