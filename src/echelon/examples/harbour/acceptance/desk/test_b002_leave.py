"""PRJ-004/B002: `desk leave`."""

from acceptance.office import OfficeCase, arrived, at


class Leave(OfficeCase):
    def test_the_berth_is_free_again(self):
        from quay.stays import read_stays

        self.log(arrived("Aurora", "North", "01 08:00"))
        self.assertEqual(self.desk("leave", "Aurora", "--at", "2024-05-02T09:00"), (0, "Aurora left North\n", ""))
        self.assertEqual(read_stays(self.office)[0].left, at("02 09:00"))

    def test_a_ship_that_is_not_here_is_refused(self):
        code, out, complaint = self.desk("leave", "Aurora")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("Aurora is not here", complaint)

    def test_nobody_leaves_before_arriving(self):
        self.log(arrived("Aurora", "North", "02 08:00"))
        self.assertEqual(self.desk("leave", "Aurora", "--at", "2024-05-01T09:00")[0], 1)
