"""The way from a terminal into the browser that nobody else can read: a private file that leads to the link."""

from __future__ import annotations

import html
import secrets
import time
from pathlib import Path

from echelon.bridge import places as meeting
from echelon.console.sessions import SECRET_SECONDS
from echelon.slots.places import write_whole

_PREFIX = "open-"


def page_for(link: str) -> Path:
    """A file (0600, in the runtime folder) that sends a browser to `link`. Older ones, whose links are dead, go away."""
    folder = meeting.runtime()
    for old in folder.glob(f"{_PREFIX}*.html"):
        if time.time() - old.lstat().st_mtime > SECRET_SECONDS:
            old.unlink(missing_ok=True)
    path = folder / f"{_PREFIX}{secrets.token_hex(8)}.html"
    where = html.escape(link, quote=True)
    text = f'<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url={where}"><a href="{where}">Echelon</a>\n'
    write_whole(path, text.encode(), durable=False)
    return path
