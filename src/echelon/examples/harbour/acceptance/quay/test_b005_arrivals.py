"""PRJ-001/B005: a ship arrives and is given a berth."""

from acceptance.office import OfficeCase, arrived, at, left, ship


class Arrivals(OfficeCase):
    def arrive(self, one, when):
        from quay.arrivals import arrive

        return arrive(self.office, one, at(when)).name

    def test_each_ship_gets_the_best_berth_that_is_free(self):
        self.log(arrived("Zora", "Pier", "01 06:00", 20), left("Zora", "Pier", "01 07:00", 20))
        self.assertEqual(self.arrive(ship("Aurora", 20, 2), "01 08:00"), "Pier")
        self.assertEqual(self.arrive(ship("Bella", 20, 2), "01 09:00"), "South")
        self.assertEqual(self.arrive(ship("Carla", 20, 2), "01 10:00"), "North")

    def test_it_stands_in_the_logbook(self):
        from quay.stays import read_stays

        self.arrive(ship("Aurora", 20, 2), "01 08:00")
        (found,) = read_stays(self.office)
        self.assertEqual((found.ship.name, found.berth, found.arrived), ("Aurora", "Pier", at("01 08:00")))

    def test_where_nothing_fits_nothing_is_written(self):
        from quay.logbook import Logbook

        with self.assertRaisesRegex(ValueError, "no berth"):
            self.arrive(ship("Titan", 200, 9), "01 08:00")
        self.assertEqual(Logbook(self.office).events(), [])

    def test_a_ship_that_is_here_does_not_arrive_again(self):
        self.arrive(ship("Aurora", 20, 2), "01 08:00")
        with self.assertRaisesRegex(ValueError, "Aurora"):
            self.arrive(ship("Aurora", 20, 2), "01 09:00")
