"""Find bookmarks by words of their title or address."""

from __future__ import annotations

from linkshelf.endpoints import Route
from linkshelf.settings import Settings
from linkshelf.store import Store
from linkshelf.web import HttpError, Request, Response, as_json

MAX_WORDS = 20


def search(settings: Settings, request: Request) -> Response:
    """Every word must be there, anywhere, in any case."""
    words = request.query.get("q", "").split()
    if not 1 <= len(words) <= MAX_WORDS:
        raise HttpError(422, f"say what to look for, {MAX_WORDS} words at most: /search?q=words")
    where = " AND ".join([r"(title LIKE ? ESCAPE '\' OR url LIKE ? ESCAPE '\')"] * len(words))
    values = [f"%{literal(word)}%" for word in words for _ in ("title", "url")]
    found = Store(settings.database).select(where, values)
    return as_json({"bookmarks": [bookmark.as_json() for bookmark in found]})


def literal(word: str) -> str:
    """In LIKE, % stands for any text and _ for any letter; here they stand for themselves."""
    for sign in ("\\", "%", "_"):
        word = word.replace(sign, f"\\{sign}")
    return word


ROUTES = [Route("GET", "/search", search)]
