"""One file per page. A file dropped into this folder is served: it needs a `PATH` and a `page(office)`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from board.web import Answer

Page = Callable[[Path], Answer]


def find_pages() -> dict[str, Page]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return {module.PATH: module.page for module in modules}
