"""The page's own files, as `make web` built them. What is named by its content is kept by the browser for ever."""

from __future__ import annotations

import gzip
import mimetypes
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response

from echelon.console.answers import Denial
from echelon.core.decide import refuse

router = APIRouter(include_in_schema=False)
_PACK_FROM = 1_000  # bytes; smaller files are sent as they are
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml"}
MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Echelon console</title>
<h1>The page is not built</h1><p>This console runs from a source tree. Build its page once, in that folder, and load this again:</p>
<pre>make web</pre></html>"""


@router.api_route("/{path:path}", methods=["GET", "HEAD"])
def page(path: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """A file of the page; the page itself for the address of a view."""
    if path == "api" or path.startswith("api/"):
        raise Denial(refuse("NOT_FOUND"), 404)
    found = _file(path)
    if found is None and (
        path.startswith("assets/") or ("/" not in path and "." in path)
    ):  # an item's key may have a dot
        raise Denial(refuse("NOT_FOUND"), 404)
    found = found or _file("index.html")
    if found is None:
        return Response(MISSING, 503, media_type="text/html")
    content, packed, kind = found
    kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
    headers = {"cache-control": kept, "vary": "accept-encoding"}
    if packed and "gzip" in accept_encoding:
        return Response(packed, headers={**headers, "content-encoding": "gzip"}, media_type=kind)
    return Response(content, headers=headers, media_type=kind)


@cache
def _all() -> dict[str, Traversable]:
    """Every file there is, by its address: a request chooses among these and makes no path."""
    found: dict[str, Traversable] = {}

    def walk(folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                walk(entry, f"{prefix}{entry.name}/")
            else:
                found[prefix + entry.name] = entry

    root = files("echelon.console") / "page"
    if root.is_dir():
        walk(root, "")
    return found


@cache
def _file(path: str) -> tuple[bytes, bytes, str] | None:
    entry = _all().get(path)
    if entry is None:
        return None
    content = entry.read_bytes()
    kind = _TYPES.get("." + path.rpartition(".")[2]) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    packed = (
        gzip.compress(content, 9, mtime=0) if len(content) >= _PACK_FROM and not kind.startswith("image/png") else b""
    )
    return content, packed, kind
