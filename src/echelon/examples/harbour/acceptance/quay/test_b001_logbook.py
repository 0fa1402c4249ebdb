"""PRJ-001/B001: what was written down stays written down."""

from acceptance.office import OfficeCase, arrived, left

AURORA, GONE = arrived("Aurora", "North", "01 08:00"), left("Aurora", "North", "02 09:30")


class Logbook(OfficeCase):
    def open(self):
        from quay.logbook import Logbook

        return Logbook(self.office)

    def test_a_new_office_has_an_empty_one(self):
        self.assertEqual(self.open().events(), [])

    def test_events_come_back_as_they_were_written(self):
        self.open().write(AURORA)
        self.open().write(GONE)
        self.assertEqual(self.open().events(), [AURORA, GONE])

    def test_a_line_that_a_crash_has_torn_is_forgotten(self):
        self.open().write(AURORA)
        with (self.office / "logbook.jsonl").open("a") as file:
            file.write('{"kind": "le')
        self.assertEqual(self.open().events(), [AURORA])
        self.open().write(GONE)
        self.assertEqual(self.open().events(), [AURORA, GONE])

    def test_the_office_knows_where_it_lies(self):
        from quay import settings

        self.assertEqual(settings.path(self.office, "logbook"), self.office / "logbook.jsonl")
