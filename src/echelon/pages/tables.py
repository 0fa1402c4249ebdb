"""The report as tables: all that the pictures show, and what they cannot, for people with and without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from echelon.core.charts.portfolio import (
    COVERAGES,
    DETAIL_MAX,
    ID_MAX,
    STATES,
    Portfolio,
    mapping,
    number,
    rows,
    state_of,
    text,
    words,
)
from echelon.pages.markup import Html, joined, tag
from echelon.pages.words import Words

ITEMS_MAX = 2_000  # rows of the table of items
STORY_MAX = 300  # items whose attempts are told
TRIED_MAX = 20  # attempts of one item; the newest
WAITING_MAX = 200  # rows of each table of what is in flight or waits
DEPENDS_MAX = 20  # ids in one row
PATHS_MAX = 20  # files named in one row

Row = Sequence[str]


def programs(data: Mapping[str, Any], say: Words) -> Html:
    heads = [say(word) for word in ("id", "title", "state", "depends", "decisions")]
    told = (
        (text(row, "id", ID_MAX), text(row, "title"), say(state_of(row)), ", ".join(words(row, "dependsOn")[:DEPENDS_MAX]),
         _count(number(row, "pendingEscalations")))
        for row in rows(data, "programs") if row.get("id")
    )  # fmt: skip
    return _table(say("programs"), heads, told, ITEMS_MAX, say)


def projects(portfolio: Portfolio, say: Words) -> Html:
    """Counts of each program's projects; nothing at the depth of a single project, where the first lines say it."""
    heads = [
        say("id"),
        say("title"),
        say("state"),
        *(say(state) for state in STATES),
        *(say(kind) for kind in COVERAGES),
    ]
    told = [
        (row.key, row.title, say(row.state), *(str(row.counts[state]) for state in STATES),
         *(str(row.evidence[kind]) for kind in COVERAGES))
        for row in portfolio.projects() if row.key
    ]  # fmt: skip
    return _table(say("projects"), heads, told, ITEMS_MAX, say)


def listed(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every item of the document, in its order."""
    found = [
        entry
        for program in rows(data, "programs")
        for project in rows(program, "projects")
        for entry in rows(project, "list")
    ]
    yield from found or rows(data, "items")


def items(data: Mapping[str, Any], say: Words) -> Html:
    heads = [say(word) for word in ("item", "title", "state", "evidence", "checks", "attempts", "ended", "commit")]
    found = list(listed(data))
    told = [_item(row, say) for row in found[:ITEMS_MAX]]
    return _table(say("items"), heads, told, ITEMS_MAX, say, left_out=len(found) - len(told))


def _item(row: Mapping[str, Any], say: Words) -> Row:
    tried = rows(row, "attempts")
    kind = text(row, "coverage", ID_MAX)
    shown = say(kind) if kind in COVERAGES else kind
    ended = [text(attempt, "ended", ID_MAX) for attempt in tried if text(attempt, "reason") == "delivered"]
    state = text(row, "state", ID_MAX)
    return (
        _name(row), text(row, "title"), f"[{text(row, 'status', 3) or ' '}] {say(state) if state in STATES else state}",
        say("in_place", shown) if row.get("inPlace") is True else shown, _count(number(row, "checks")), _count(len(tried)),
        ended[-1][:16].replace("T", " ") if ended else "", text(row, "commit", ID_MAX)[:10],
    )  # fmt: skip


def story(data: Mapping[str, Any], say: Words) -> Html:
    """Items that did not go straight, attempt by attempt: this is where a person learns what happened."""
    told: list[Row] = []
    crooked = 0
    for row in listed(data):
        tried = rows(row, "attempts")
        if len(tried) < 2 and not (tried and text(tried[0], "reason") != "delivered"):
            continue
        crooked += 1
        if crooked <= STORY_MAX:
            told += [(_name(row), str(number(one, "attempt")), text(one, "reason", ID_MAX).replace("_", " "),
                      text(one, "detail", DETAIL_MAX)) for one in tried[-TRIED_MAX:]]  # fmt: skip
    heads = [say("item"), say("attempt"), say("reason"), say("detail")]
    return _table(say("story"), heads, told, len(told), say, left_out=max(0, crooked - STORY_MAX))


def records(data: Mapping[str, Any], say: Words) -> Html:
    """What the agents left behind; an item that was closed without a record has a row that says so."""
    closed = [row for row in listed(data) if text(row, "coverage") not in ("", "none")]
    told: list[Row] = []
    for row in closed[:ITEMS_MAX]:
        held = mapping(row, "record")
        files = ", ".join(words(held, "files")[:PATHS_MAX])
        notes = text(held, "notes", DETAIL_MAX) if row.get("record") else say("no_record")
        told.append((_name(row), files, notes, text(held, "followUp", DETAIL_MAX)))
    heads = [say("item"), say("paths"), say("notes"), say("follow_up")]
    return _table(say("records"), heads, told, ITEMS_MAX, say, left_out=len(closed) - len(told))


def flights(data: Mapping[str, Any], say: Words) -> Html:
    heads = [say("item"), say("phase"), say("since"), say("detail")]
    told = (
        (_name(row, "item"), text(row, "phase", ID_MAX), text(row, "since", ID_MAX)[:16].replace("T", " "),
         text(row, "feedback", DETAIL_MAX))
        for row in rows(data, "inFlight")
    )  # fmt: skip
    return _table(say("flights"), heads, told, WAITING_MAX, say)


def waits(data: Mapping[str, Any], say: Words) -> Html:
    told = (
        (text(row, "item", ID_MAX), text(row, "code", ID_MAX), text(row, "why", DETAIL_MAX))
        for row in rows(data, "waiting")
    )
    return _table(say("waits"), [say("item"), say("code"), say("why")], told, WAITING_MAX, say)


def decisions(data: Mapping[str, Any], say: Words) -> Html:
    told = (
        (text(row, "id", ID_MAX), " ".join(part for part in (text(row, "level", ID_MAX), text(row, "scope", ID_MAX)) if part),
         text(row, "context", DETAIL_MAX), text(row, "expected", DETAIL_MAX))
        for row in rows(data, "escalations")
    )  # fmt: skip
    heads = [say("id"), say("level"), say("context"), say("expected")]
    return _table(say("decisions"), heads, told, WAITING_MAX, say)


def overlaps(data: Mapping[str, Any], say: Words) -> Html:
    told = (
        (", ".join(words(row, "slots")[:PATHS_MAX]), ", ".join(words(row, "paths")[:PATHS_MAX]))
        for row in rows(data, "overlaps")
    )
    return _table(say("overlaps"), [say("item"), say("paths")], told, WAITING_MAX, say)


def _name(row: Mapping[str, Any], otherwise: str = "id") -> str:
    return text(row, "key", ID_MAX) or text(row, otherwise, ID_MAX)


def _count(found: int) -> str:
    return str(found) if found else ""


def _table(caption: str, heads: Sequence[str], told: Iterable[Row], limit: int, say: Words, left_out: int = 0) -> Html:
    """Nothing when there is no row; the first cell of a row heads it. What is beyond `limit` is counted below."""
    source = iter(told)
    shown = list(islice(source, limit))
    if not shown:
        return Html("")
    left_out += sum(1 for _ in source)
    body = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell or "—") for cell in row[1:]))
        for row in shown
    ]  # fmt: skip
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *body),
    )
    more = tag("p", say("more", left_out), class_="soft") if left_out else Html("")
    # A wide table scrolls in its own box, which the keyboard must reach.
    return joined(tag("div", table, class_="table", role="region", tabindex="0", aria_label=caption), more)
