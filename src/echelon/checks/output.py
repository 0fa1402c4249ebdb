"""What a check printed: digested whole, kept only at its end, and made safe to show. Text from a check is data."""

from __future__ import annotations

import hashlib
import re
import unicodedata

KEPT_BYTES = 256 * 1024  # enough for the longest tail we show: 200 lines of LINE_CHARACTERS
LINE_CHARACTERS = 500

# CSI; OSC, DCS, PM, APC and SOS up to their end or the end of the line; two-character escapes (ECMA-48).
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
# Controls, format characters (bidi, zero width, tags), lone surrogates, line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Output:
    """Takes all that a check prints, in order, up to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen = 0
        self._hash = hashlib.sha256()
        self._kept = bytearray()

    def add(self, chunk: bytes) -> bool:
        """Count, digest and keep; False when the limit is passed, and then nobody should read on."""
        self._seen += len(chunk)
        self._hash.update(chunk)
        self._kept += chunk
        if len(self._kept) > 2 * KEPT_BYTES:
            del self._kept[:-KEPT_BYTES]
        return self._seen <= self._limit

    def digest(self) -> str:
        """sha256 hex of everything taken."""
        return self._hash.hexdigest()

    def text(self) -> str:
        """The end of it, printable: at most KEPT_BYTES before cleaning."""
        return clean(bytes(self._kept[-KEPT_BYTES:]))


def clean(data: bytes) -> str:
    """Printable lines of LINE_CHARACTERS at most; escape sequences, controls and invisible characters are gone."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    text = _ESCAPES.sub("", text).replace("\t", "    ")
    if not text.isascii() or not text.replace("\n", "").isprintable():
        text = "".join(mark for mark in text if mark == "\n" or unicodedata.category(mark) not in _UNSAFE)
    return "\n".join(_cut(line.rstrip()) for line in text.split("\n"))


def tail(text: str, lines: int) -> str:
    """The last `lines` lines that hold something."""
    return "\n".join([line for line in text.split("\n") if line][-lines:] if lines > 0 else [])


def _cut(line: str) -> str:
    return line if len(line) <= LINE_CHARACTERS else line[: LINE_CHARACTERS - 1] + "…"
