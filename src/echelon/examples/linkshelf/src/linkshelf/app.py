"""From a request to its answer: first the gates, then the one handler whose route fits."""

from __future__ import annotations

from urllib.parse import unquote

from linkshelf.endpoints import Handler, find_routes
from linkshelf.gates import GATES
from linkshelf.settings import Settings
from linkshelf.web import HttpError, Request, Response, as_json


class App:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.gates = [make_gate(settings) for make_gate in GATES]
        self.routes = find_routes()

    def handle(self, request: Request) -> Response:
        try:
            for gate in self.gates:
                gate(request)
            handler, values = self.route(request)
            return handler(self.settings, request, *values)
        except HttpError as refusal:
            return as_json({"error": refusal.message}, refusal.status, refusal.headers)

    def route(self, request: Request) -> tuple[Handler, list[str]]:
        """Find the handler, and the parts of the path that stand where its route has `{}`."""
        allowed = []
        for route in self.routes:
            values = fit(route.path, request.path)
            if values is not None and route.method == request.method:
                return route.handler, values
            if values is not None:
                allowed.append(route.method)
        if allowed:
            raise HttpError(405, f"{request.method} does not work here", {"Allow": ", ".join(allowed)})
        raise HttpError(404, "there is nothing here")


def fit(pattern: str, path: str) -> list[str] | None:
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    values = []
    for want, part in zip(wanted, given, strict=True):
        if want == "{}":
            values.append(unquote(part))
        elif want != part:
            return None
    return values
