"""Which tags are there, and which bookmarks carry one."""

from __future__ import annotations

from collections import Counter

from linkshelf.endpoints import Route
from linkshelf.models import TAG
from linkshelf.settings import Settings
from linkshelf.store import Store
from linkshelf.web import HttpError, Request, Response, as_json


def counts(settings: Settings, request: Request) -> Response:
    """Every tag with the number of its bookmarks, in alphabetical order."""
    bookmarks = Store(settings.database).select()
    counted = Counter(tag for bookmark in bookmarks for tag in bookmark.tags)
    return as_json({"tags": dict(sorted(counted.items()))})


def tagged(settings: Settings, request: Request, tag: str) -> Response:
    name = tag.lower()
    known = TAG.fullmatch(name)  # two words are no tag, though they may stand side by side in the column
    found = Store(settings.database).select("instr(tags, ?) > 0", [f" {name} "]) if known else []
    if not found:
        raise HttpError(404, f"no bookmark carries the tag {name[:40]}")
    return as_json({"bookmarks": [bookmark.as_json() for bookmark in found]})


ROUTES = [Route("GET", "/tags", counts), Route("GET", "/tags/{}", tagged)]
