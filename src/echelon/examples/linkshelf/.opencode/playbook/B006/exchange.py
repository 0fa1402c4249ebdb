"""Bookmarks come from a browser and go back to one."""

from __future__ import annotations

from linkshelf import bookmark_file
from linkshelf.endpoints import Route
from linkshelf.models import Draft
from linkshelf.settings import Settings
from linkshelf.store import AlreadyShelved, Store
from linkshelf.web import HttpError, Request, Response, as_json

MAX_LINKS = 200  # a longer file is refused whole


def export(settings: Settings, request: Request) -> Response:
    body = bookmark_file.write(Store(settings.database).select()).encode()
    return Response(200, body, "text/html", {"Content-Disposition": 'attachment; filename="bookmarks.html"'})


def take_in(settings: Settings, request: Request) -> Response:
    """Add what is new, from the end of the file, so that its first link is the newest on the shelf."""
    links = bookmark_file.read(request.body.decode(errors="replace"))
    if len(links) > MAX_LINKS:
        raise HttpError(413, f"the file has {len(links)} links; {MAX_LINKS} are taken at once")
    shelf = Store(settings.database)
    outcome = {"added": 0, "known": 0, "refused": 0}
    for link in reversed(links):
        outcome[shelve(shelf, link)] += 1
    return as_json(outcome)


def shelve(shelf: Store, link: dict[str, object]) -> str:
    try:
        shelf.add(Draft.read(link))
    except ValueError:
        return "refused"
    except AlreadyShelved:
        return "known"
    return "added"


ROUTES = [Route("GET", "/export", export), Route("POST", "/import", take_in)]
