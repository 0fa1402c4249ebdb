import unittest
from pathlib import Path
from wsgiref.util import setup_testing_defaults

from board.app import Board


def look(path: str, method: str = "GET") -> tuple[str, dict[str, str], bytes]:
    environ: dict = {"PATH_INFO": path, "REQUEST_METHOD": method}
    setup_testing_defaults(environ)
    said: list = []
    body = b"".join(Board(Path("nowhere"))(environ, lambda status, headers: said.extend([status, dict(headers)])))
    return said[0], said[1], body


class App(unittest.TestCase):
    def test_monitors_are_told_that_it_is_there(self) -> None:
        status, headers, body = look("/health")
        self.assertEqual((status, body), ("200 OK", b'{"status": "ok"}\n'))
        self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
        self.assertEqual(headers["Content-Length"], str(len(body)))

    def test_what_is_not_there_is_not_found(self) -> None:
        self.assertEqual(look("/harbour")[0], "404 Not Found")

    def test_the_board_can_only_be_read(self) -> None:
        status, headers, _ = look("/health", "POST")
        self.assertEqual((status, headers["Allow"]), ("405 Method Not Allowed", "GET"))
