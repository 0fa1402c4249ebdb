"""PRJ-002/B003: the board itself, for people."""

from acceptance.office import OfficeCase, arrived


class FrontPage(OfficeCase):
    def test_every_berth_has_a_row_with_its_ship(self):
        self.log(arrived("Aurora", "North", "01 10:00"))
        status, headers, text = self.look("/")
        self.assertEqual((status, headers["Content-Type"]), ("200 OK", "text/html; charset=utf-8"))
        self.assertIn("<td>North</td><td>Aurora</td>", text)
        self.assertIn("<td>South</td><td>free</td>", text)

    def test_a_name_is_a_name_and_no_html(self):
        self.log(arrived("<b>Bold & Sons</b>", "North", "01 10:00"))
        text = self.look("/")[2]
        self.assertNotIn("<b>", text)
        self.assertIn("&lt;b&gt;Bold &amp; Sons&lt;/b&gt;", text)
