"""PRJ-002/B002: the ships that are here now, for programs."""

import json

from acceptance.office import OfficeCase, arrived, left


class ShipsPage(OfficeCase):
    def test_it_lists_who_is_here_and_where(self):
        self.log(
            arrived("Bella", "South", "01 09:00"),
            arrived("Aurora", "North", "01 10:00"),
            arrived("Carla", "Pier", "01 11:00"),
            left("Carla", "Pier", "01 12:00"),
        )
        status, _, text = self.look("/ships")
        self.assertEqual(status, "200 OK")
        self.assertEqual(
            json.loads(text),
            {"ships": [{"name": "Aurora", "berth": "North"}, {"name": "Bella", "berth": "South"}]},
        )

    def test_an_empty_harbour_is_a_list_without_ships(self):
        self.assertEqual(json.loads(self.look("/ships")[2]), {"ships": []})
