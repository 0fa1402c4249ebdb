"""The file format in which browsers exchange bookmarks (the one Netscape began and all of them kept)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from html.parser import HTMLParser

from linkshelf.models import Bookmark

HEAD = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p>
"""


def write(bookmarks: Iterable[Bookmark]) -> str:
    return HEAD + "".join(line(bookmark) for bookmark in bookmarks) + "</DL><p>\n"


def line(bookmark: Bookmark) -> str:
    added = int(datetime.fromisoformat(bookmark.added).timestamp())
    url, title, tags = escape(bookmark.url), escape(bookmark.title), ",".join(bookmark.tags)
    return f'    <DT><A HREF="{url}" ADD_DATE="{added}" TAGS="{tags}">{title}</A>\n'


def read(text: str) -> list[dict[str, object]]:
    """Every link of the file as a client would post it, in the order of the file; folders are passed over."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader.links


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, object]] = []
        self.title: list[str] | None = None  # the pieces of the title, inside a link only

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            found = dict(attrs)
            tags = [name for name in (found.get("tags") or "").split(",") if name]
            self.links.append({"url": found.get("href"), "tags": tags})
            self.title = []

    def handle_data(self, data: str) -> None:
        if self.title is not None:
            self.title.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.title is not None:
            self.links[-1]["title"] = "".join(self.title)
            self.title = None
