"""PRJ-004/B001: `desk arrive`."""

from acceptance.office import OfficeCase, arrived

AURORA = ("arrive", "Aurora", "--length", "40", "--draught", "3")


class Arrive(OfficeCase):
    def test_the_ship_is_given_a_berth(self):
        self.assertEqual(self.desk(*AURORA), (0, "Aurora lies at South\n", ""))

    def test_the_time_may_be_given(self):
        from quay.stays import read_stays

        self.desk(*AURORA, "--at", "2024-05-01T08:00")
        self.assertEqual(read_stays(self.office)[0].arrived.isoformat(), "2024-05-01T08:00:00")

    def test_a_ship_that_is_here_is_refused_in_one_line(self):
        self.log(arrived("Aurora", "North", "01 08:00"))
        code, out, complaint = self.desk(*AURORA)
        self.assertEqual((code, out, complaint.count("\n")), (1, "", 1))
        self.assertIn("Aurora", complaint)
