"""What the page remembers for the person: prompts they sent, how they like it, what they have seen. Disposable.

One SQLite file outside of every workspace; the Markdown files stay the only truth. A damaged file is thrown away.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from echelon.errors import LimitError

VALUE_CHARS_MAX = 100_000  # of a preference; the draft of a plan is the longest
PROMPT_CHARS_MAX = 20_000
KEYS_MAX = 200
PROMPTS_MAX = 200  # kept for each workspace
_TABLES = """
create table if not exists preferences(key text primary key, value text not null) strict;
create table if not exists prompts(
  number integer primary key, workspace text not null, at text not null, agent text not null, text text not null
) strict;
"""


class Interface:
    """Safe in threads. Everything here may be lost at any time, and nothing but comfort goes with it."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for retry in (True, False):
            try:
                os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
                connection = sqlite3.connect(self._file, check_same_thread=False, isolation_level=None)
                connection.executescript("pragma journal_mode=wal; pragma synchronous=normal;" + _TABLES)
            except sqlite3.DatabaseError:
                if not retry:
                    raise
                self._file.unlink(missing_ok=True)
            else:
                return connection
        raise AssertionError("unreachable")

    def preference(self, key: str) -> Any:
        """None when there is none."""
        with self._cursor() as cursor:
            row = cursor.execute("select value from preferences where key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def preferences(self) -> dict[str, Any]:
        """Those of the person, whatever they look at: keys with a dot belong to one workspace or one form."""
        with self._cursor() as cursor:
            rows = cursor.execute("select key, value from preferences where instr(key, '.') = 0").fetchall()
        return {key: json.loads(value) for key, value in rows}

    def prefer(self, key: str, value: Any) -> None:
        """None forgets it. Raises LimitError INTERFACE_FULL when the value or the number of keys is too large."""
        text = json.dumps(value, ensure_ascii=False)
        with self._cursor() as cursor:
            if value is None:
                cursor.execute("delete from preferences where key = ?", (key,))
                return
            known = cursor.execute("select count(*), max(key = ?) from preferences", (key,)).fetchone()
            if len(text) > VALUE_CHARS_MAX or (known[0] >= KEYS_MAX and not known[1]):
                what = f"a preference has at most {VALUE_CHARS_MAX} characters, and there are at most {KEYS_MAX}."
                raise LimitError("INTERFACE_FULL", what, "keep less there")
            cursor.execute("insert or replace into preferences values (?, ?)", (key, text))

    def prompted(self, workspace: str, at: str, agent: str, text: str) -> None:
        with self._cursor() as cursor:
            cursor.execute(
                "insert into prompts(workspace, at, agent, text) values (?, ?, ?, ?)",
                (workspace, at, agent, text[:PROMPT_CHARS_MAX]),
            )
            cursor.execute(
                "delete from prompts where workspace = ?1 and number not in "
                "(select number from prompts where workspace = ?1 order by number desc limit ?2)",
                (workspace, PROMPTS_MAX),
            )

    def prompts(self, workspace: str) -> list[dict[str, str]]:
        """Newest first."""
        with self._cursor() as cursor:
            rows = cursor.execute(
                "select at, agent, text from prompts where workspace = ? order by number desc", (workspace,)
            ).fetchall()
        return [{"at": at, "agent": agent, "text": text} for at, agent, text in rows]

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        with self._lock, contextlib.closing(self._connection.cursor()) as cursor:
            yield cursor
