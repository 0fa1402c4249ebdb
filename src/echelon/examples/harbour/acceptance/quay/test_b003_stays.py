"""PRJ-001/B003: from arrivals and departures to stays."""

from acceptance.office import OfficeCase, arrived, left, stay


class Stays(OfficeCase):
    def stays(self, *events):
        from quay.stays import read_stays

        self.log(*events)
        return read_stays(self.office)

    def test_a_stay_ends_when_the_ship_leaves(self):
        found = self.stays(
            arrived("Aurora", "North", "01 08:00"),
            arrived("Bella", "South", "01 09:00"),
            left("Aurora", "North", "02 10:00"),
        )
        self.assertEqual(found, [stay("Aurora", "North", "01 08:00", "02 10:00"), stay("Bella", "South", "01 09:00")])

    def test_a_ship_may_come_again(self):
        found = self.stays(
            arrived("Aurora", "North", "01 08:00"),
            left("Aurora", "North", "02 10:00"),
            arrived("Aurora", "South", "05 08:00"),
        )
        self.assertEqual([row.berth for row in found], ["North", "South"])

    def test_a_ship_cannot_arrive_twice(self):
        with self.assertRaisesRegex(ValueError, "Aurora"):
            self.stays(arrived("Aurora", "North", "01 08:00"), arrived("Aurora", "South", "01 09:00"))

    def test_a_ship_that_is_not_here_cannot_leave(self):
        with self.assertRaisesRegex(ValueError, "Bella"):
            self.stays(arrived("Aurora", "North", "01 08:00"), left("Bella", "North", "01 09:00"))
