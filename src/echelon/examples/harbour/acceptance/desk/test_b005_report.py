"""PRJ-004/B005: `desk report`."""

import csv
import io

from acceptance.office import OfficeCase, arrived, left


class Report(OfficeCase):
    def test_a_row_for_each_ship_that_left_in_the_month(self):
        self.log(
            arrived("Aurora, the Great", "North", "01 08:00", 40),
            left("Aurora, the Great", "North", "02 07:00", 40),
            arrived("Bella", "South", "03 08:00", 20),
        )
        code, out, _ = self.desk("report", "2024-05")
        self.assertEqual(code, 0)
        self.assertEqual(
            list(csv.reader(io.StringIO(out))),
            [["ship", "berth", "days", "cents"], ["Aurora, the Great", "North", "1", "8500"]],
        )

    def test_a_quiet_month_has_only_the_head(self):
        self.assertEqual(self.desk("report", "2023-01"), (0, "ship,berth,days,cents\n", ""))

    def test_what_is_no_month_is_refused(self):
        self.assertEqual(self.desk("report", "May")[0], 1)
