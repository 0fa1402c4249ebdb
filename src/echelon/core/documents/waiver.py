"""Taking a waiver back: whoever opens an entry again does not go on without it."""

from __future__ import annotations

from echelon.core.documents import entries, lines
from echelon.core.documents.entries import EntriesDocument


def without(document: EntriesDocument, entry_id: str) -> EntriesDocument:
    """The document without the line that waives this entry; the journal keeps why it was. Raises KeyError."""
    fields, _ = entries.head_fields(lines.split(document.text, *document.span(entry_id)))
    text = document.text
    for row in reversed([row for row in fields if row.key == "waived"]):
        text = text[: text.rfind("\n", 0, row.start) + 1] + text[row.line_end :]
    return document if text == document.text else entries.parse(text, document.kind)
