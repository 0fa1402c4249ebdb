"""Is the shelf there? For monitors, which know no token."""

from __future__ import annotations

from linkshelf import __version__
from linkshelf.endpoints import Route
from linkshelf.settings import Settings
from linkshelf.web import Request, Response, as_json


def health(settings: Settings, request: Request) -> Response:
    return as_json({"status": "ok", "version": __version__})


ROUTES = [Route("GET", "/health", health)]
