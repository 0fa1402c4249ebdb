"""Find bookmarks by words of their title or address."""

from __future__ import annotations

from linkshelf.endpoints import Route
from linkshelf.settings import Settings
from linkshelf.store import Store
from linkshelf.web import HttpError, Request, Response, as_json


def search(settings: Settings, request: Request) -> Response:
    """Every word must be there, anywhere, in any case."""
    words = request.query.get("q", "").split()
    if not words:
        raise HttpError(422, "say what to look for: /search?q=words")
    where = " AND ".join(["(title LIKE ? OR url LIKE ?)"] * len(words))
    values = [f"%{word}%" for word in words for _ in ("title", "url")]
    found = Store(settings.database).select(where, values)
    return as_json({"bookmarks": [bookmark.as_json() for bookmark in found]})


ROUTES = [Route("GET", "/search", search)]
