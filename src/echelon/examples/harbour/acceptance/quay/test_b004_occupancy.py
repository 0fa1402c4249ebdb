"""PRJ-001/B004: who lies where at a given time."""

import unittest

from acceptance.office import at, ship, stay

STAYS = [stay("Aurora", "North", "01 08:00", "02 10:00"), stay("Bella", "South", "01 09:00")]


class Occupancy(unittest.TestCase):
    def lying(self, when):
        from quay.occupancy import lying

        return lying(STAYS, at(when))

    def test_a_ship_lies_there_from_its_arrival_until_it_leaves(self):
        self.assertEqual(self.lying("01 07:59"), {})
        self.assertEqual(self.lying("01 08:00"), {"North": ship("Aurora")})
        self.assertEqual(self.lying("02 09:59"), {"North": ship("Aurora"), "South": ship("Bella")})
        self.assertEqual(self.lying("02 10:00"), {"South": ship("Bella")})

    def test_two_ships_at_one_berth_are_found(self):
        from quay.occupancy import clashes

        first, guest, later = STAYS[0], stay("Carla", "North", "02 09:00"), stay("Dora", "North", "09 09:00", "09 10:00")
        self.assertEqual(clashes([first, guest]), [(first, guest)])
        self.assertEqual(clashes([guest, later]), [(guest, later)])
        self.assertEqual(clashes([*STAYS, stay("Carla", "North", "02 10:00")]), [])
