"""PRJ-002/B005: what the ships of each month owe."""

import json

from acceptance.office import OfficeCase, arrived, left


class DuesPage(OfficeCase):
    def test_dues_are_summed_by_the_month_in_which_a_ship_left(self):
        self.log(
            arrived("Aurora", "North", "01 08:00", 40),
            left("Aurora", "North", "02 07:00", 40),  # one day: 40 m at 1.50, and 25.00
            arrived("Bella", "South", "03 08:00", 20),
            left("Bella", "South", "05 07:00", 20),  # two days: 20 m at 1.50, and 25.00
            arrived("Carla", "Pier", "06 08:00", 20),  # still here
        )
        status, _, text = self.look("/dues")
        self.assertEqual(status, "200 OK")
        self.assertEqual(json.loads(text), {"dues": {"2024-05": "170.00 EUR"}})
