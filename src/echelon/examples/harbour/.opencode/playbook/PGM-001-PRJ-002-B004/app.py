"""The board as a WSGI application: `wsgiref.simple_server.make_server("", 8080, Board(office))`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

from board.pages import find_pages
from board.web import Answer, as_json


class Board:
    def __init__(self, office: Path) -> None:
        self.office = office
        self.pages = find_pages()

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        answer = self.answer(environ["REQUEST_METHOD"], environ.get("PATH_INFO") or "/")
        if answer.status == "200 OK":
            answer = unless_known(answer, environ.get("HTTP_IF_NONE_MATCH", ""))
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


def unless_known(answer: Answer, known: str) -> Answer:
    """The answer with its digest as `ETag`; without a body when the caller has it already (RFC 9110, 13.1.2)."""
    tag = f'"{sha256(answer.body).hexdigest()[:32]}"'
    headers = {**answer.headers, "ETag": tag}
    if tag in (name.strip() for name in known.split(",")):
        return Answer(b"", answer.content_type, "304 Not Modified", headers)
    return Answer(answer.body, answer.content_type, answer.status, headers)
