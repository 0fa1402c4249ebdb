"""Put a bookmark on the shelf, look at it, take it off."""

from __future__ import annotations

from linkshelf.endpoints import Route
from linkshelf.models import Draft
from linkshelf.settings import Settings
from linkshelf.store import AlreadyShelved, Store
from linkshelf.web import HttpError, Request, Response, as_json


def listing(settings: Settings, request: Request) -> Response:
    """The whole shelf, newest first, and how many bookmarks that is."""
    shelf = Store(settings.database)
    return as_json({"count": shelf.count(), "bookmarks": [bookmark.as_json() for bookmark in shelf.select()]})


def add(settings: Settings, request: Request) -> Response:
    try:
        draft = Draft.read(request.json())
        bookmark = Store(settings.database).add(draft)
    except ValueError as reason:
        raise HttpError(422, str(reason)) from reason
    except AlreadyShelved as known:
        raise HttpError(409, f"this address is on the shelf: /bookmarks/{known.id}") from known
    return as_json(bookmark.as_json(), 201, {"Location": f"/bookmarks/{bookmark.id}"})


def show(settings: Settings, request: Request, id: str) -> Response:
    bookmark = Store(settings.database).get(number(id))
    if bookmark is None:
        raise unknown(id)
    return as_json(bookmark.as_json())


def remove(settings: Settings, request: Request, id: str) -> Response:
    if not Store(settings.database).remove(number(id)):
        raise unknown(id)
    return as_json({"removed": int(id)})


def number(id: str) -> int:
    if not id.isdecimal() or len(id) > 18:  # SQLite counts up to 19 digits
        raise unknown(id)
    return int(id)


def unknown(id: str) -> HttpError:
    return HttpError(404, f"there is no bookmark {id[:20]}")


ROUTES = [
    Route("GET", "/bookmarks", listing),
    Route("POST", "/bookmarks", add),
    Route("GET", "/bookmarks/{}", show),
    Route("DELETE", "/bookmarks/{}", remove),
]
