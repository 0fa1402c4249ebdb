"""PRJ-002/B004: who has the page already is not sent it again."""

from acceptance.office import OfficeCase


class Unchanged(OfficeCase):
    def test_who_has_the_page_gets_no_body(self):
        _, headers, _ = self.look("/health")
        status, again, text = self.look("/health", HTTP_IF_NONE_MATCH=headers.get("ETag", "none"))
        self.assertEqual((status, text), ("304 Not Modified", ""))
        self.assertEqual(again["ETag"], headers["ETag"])

    def test_who_has_another_page_gets_this_one(self):
        status, headers, text = self.look("/health", HTTP_IF_NONE_MATCH='"something else"')
        self.assertEqual((status, text), ("200 OK", '{"status": "ok"}\n'))
        self.assertIn("ETag", headers)
