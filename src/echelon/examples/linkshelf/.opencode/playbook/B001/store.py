"""Bookmarks in an SQLite file. A connection lives as long as one call, so no two threads ever share one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from linkshelf.models import Bookmark, Draft

# Tags stand as " api web ": with a blank on both sides a tag is found whole and never inside a longer one.
SCHEMA = """
CREATE TABLE IF NOT EXISTS bookmarks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    tags TEXT NOT NULL,
    added TEXT NOT NULL
)
"""


class AlreadyShelved(Exception):
    """The address is on the shelf already, as bookmark `id`."""

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self.id = id


class Store:
    def __init__(self, path: Path) -> None:
        self.path = path
        with self.open() as database:
            database.execute(SCHEMA)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One transaction: kept when the block ends well, undone when it does not."""
        with closing(sqlite3.connect(self.path)) as database, database:
            yield database

    def add(self, draft: Draft) -> Bookmark:
        added = datetime.now(UTC).isoformat(timespec="seconds")
        row = (draft.url, draft.title, f" {' '.join(draft.tags)} ", added)
        with self.open() as database:
            sql = "INSERT INTO bookmarks (url, title, tags, added) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
            cursor = database.execute(sql, row)
            if cursor.rowcount == 0:
                [(id,)] = database.execute("SELECT id FROM bookmarks WHERE url = ?", [draft.url])
                raise AlreadyShelved(id)
        return Bookmark(cursor.lastrowid or 0, draft.url, draft.title, draft.tags, added)

    def get(self, id: int) -> Bookmark | None:
        return next(iter(self.select("id = ?", [id])), None)

    def remove(self, id: int) -> bool:
        with self.open() as database:
            return database.execute("DELETE FROM bookmarks WHERE id = ?", [id]).rowcount == 1

    def count(self) -> int:
        with self.open() as database:
            [(count,)] = database.execute("SELECT count(*) FROM bookmarks")
        return count

    def select(self, where: str = "true", values: list[object] | None = None, limit: int = -1) -> list[Bookmark]:
        """Newest first. `where` is written by us and never holds a person's words: those are `values`."""
        sql = f"SELECT id, url, title, tags, added FROM bookmarks WHERE {where} ORDER BY id DESC LIMIT ?"
        with self.open() as database:
            rows = database.execute(sql, [*(values or []), limit]).fetchall()
        return [Bookmark(id, url, title, tuple(tags.split()), added) for id, url, title, tags, added in rows]
