import unittest

from board.app import unless_known
from board.web import Answer

PAGE = Answer(b"the page")
TAG = unless_known(PAGE, "").headers["ETag"]


class Unchanged(unittest.TestCase):
    def test_a_caller_may_know_several(self) -> None:
        self.assertEqual(unless_known(PAGE, f'"old", {TAG}').status, "304 Not Modified")

    def test_another_page_has_another_digest(self) -> None:
        self.assertNotEqual(unless_known(Answer(b"another"), "").headers["ETag"], TAG)
        self.assertEqual(unless_known(Answer(b"another"), TAG).body, b"another")
