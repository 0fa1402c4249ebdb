"""Put a bookmark on the shelf, look at it, take it off."""

from __future__ import annotations

from linkshelf.endpoints import Route
from linkshelf.models import Draft
from linkshelf.settings import Settings
from linkshelf.store import AlreadyShelved, Store
from linkshelf.web import HttpError, Request, Response, as_json

MAX_PAGE = 100
MAX_ID = 10**18 - 1


def listing(settings: Settings, request: Request) -> Response:
    """One page of the shelf, newest first; `next` is the address of the page after it, or null."""
    shelf = Store(settings.database)
    limit = asked(request, "limit", 50, MAX_PAGE)
    found = shelf.select("id < ?", [asked(request, "before", MAX_ID, MAX_ID)], limit + 1)
    more = f"/bookmarks?limit={limit}&before={found[limit - 1].id}" if len(found) > limit else None
    return as_json({"bookmarks": [bookmark.as_json() for bookmark in found[:limit]], "next": more})


def asked(request: Request, name: str, usual: int, highest: int) -> int:
    """A number of the query, from 1 to `highest`."""
    text = request.query.get(name, str(usual))
    if not text.isdecimal() or len(text) > 18 or not 1 <= int(text) <= highest:
        raise HttpError(422, f"`{name}` is a number from 1 to {highest}")
    return int(text)


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
