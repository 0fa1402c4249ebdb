"""The board as a WSGI application: `wsgiref.simple_server.make_server("", 8080, Board(office))`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from board.pages import find_pages
from board.web import Answer, as_json


class Board:
    def __init__(self, office: Path) -> None:
        self.office = office
        self.pages = find_pages()

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        answer = self.answer(environ["REQUEST_METHOD"], environ.get("PATH_INFO") or "/")
        headers = {"Content-Type": f"{answer.content_type}; charset=utf-8", "Content-Length": str(len(answer.body))}
        start_response(answer.status, list({**headers, **answer.headers}.items()))
        return [answer.body]

    def answer(self, method: str, path: str) -> Answer:
        """The board is for looking at: everything but GET is refused."""
        page = self.pages.get(path)
        if page is None:
            return as_json({"error": "there is no such page"}, "404 Not Found")
        if method != "GET":
            return as_json({"error": "the board can only be read"}, "405 Method Not Allowed", Allow="GET")
        return page(self.office)
