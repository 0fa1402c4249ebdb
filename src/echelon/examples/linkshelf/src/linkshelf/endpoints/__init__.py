"""One file per group of endpoints. A file dropped into this folder is served: all it needs is a list `ROUTES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from linkshelf.web import Response

Handler = Callable[..., Response]  # gets the settings, the request, then the values of the path


@dataclass(frozen=True)
class Route:
    method: str
    path: str  # "{}" stands for one part of any text
    handler: Handler


def find_routes() -> list[Route]:
    names = sorted(module.name for module in iter_modules(__path__))
    return [route for name in names for route in import_module(f"{__name__}.{name}").ROUTES]
