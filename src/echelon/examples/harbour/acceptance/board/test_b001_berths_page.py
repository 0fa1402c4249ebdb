"""PRJ-002/B001: the berths, for programs."""

import json

from acceptance.office import BERTHS, OfficeCase


class BerthsPage(OfficeCase):
    def test_it_lists_every_berth(self):
        status, _, text = self.look("/berths")
        self.assertEqual(status, "200 OK")
        self.assertEqual(json.loads(text), {"berths": sorted(BERTHS, key=lambda berth: berth["name"])})
