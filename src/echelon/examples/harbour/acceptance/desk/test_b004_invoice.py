"""PRJ-004/B004: `desk invoice`."""

from acceptance.office import OfficeCase, arrived, left


class Invoice(OfficeCase):
    def test_it_prints_the_bill_of_the_last_stay(self):
        self.log(
            arrived("Aurora", "North", "01 08:00"),
            left("Aurora", "North", "02 08:00"),
            arrived("Aurora", "South", "05 08:00"),
            left("Aurora", "South", "07 08:00"),
        )
        code, out, _ = self.desk("invoice", "Aurora")
        self.assertEqual(code, 0)
        self.assertIn("Invoice for Aurora", out)
        self.assertIn("South, 2024-05-05 08:00 to 2024-05-07 08:00", out)
        self.assertNotIn("North", out)

    def test_who_never_was_here_has_no_bill(self):
        code, out, complaint = self.desk("invoice", "Aurora")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("Aurora was never here", complaint)
