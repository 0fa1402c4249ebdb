"""PRJ-004/B003: `desk ships`."""

from acceptance.office import OfficeCase, arrived, left


class Ships(OfficeCase):
    def test_it_lists_who_lies_where(self):
        self.log(
            arrived("Bella", "South", "01 09:00"),
            arrived("Aurora", "North", "01 10:00"),
            left("Bella", "South", "03 09:00"),
        )
        self.assertEqual(self.desk("ships", "--at", "2024-05-02T00:00"), (0, "North  Aurora\nSouth  Bella\n", ""))
        self.assertEqual(self.desk("ships"), (0, "North  Aurora\n", ""))

    def test_an_empty_harbour_says_so(self):
        self.assertEqual(self.desk("ships"), (0, "nobody is here\n", ""))
