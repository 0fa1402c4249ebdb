"""Where things stand, in words: Markdown for people, plain lines in the peer's shape for status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echelon.core.documents.render import clean, one_line

PATHS_SHOWN_MAX = 5
IDS_SHOWN_MAX = 10
RECORDS_SHOWN_MAX = 200
RECORD_WORDS_MAX = 300  # characters of each part of a record


def markdown(data: Mapping[str, Any], *, story: bool = True) -> str:
    """A report people read: counts, items with their evidence, the story of the attempts, what to do next."""
    items = data["project"]["items"]
    rows = [f"# Report — {one_line(data['project']['title'], 100) or 'project'}", ""]
    rows.append(
        f"{items['delivered']}/{items['total']} delivered · {items['inProgress']} in progress · "
        f"{items['pending']} pending · {items['suspended']} suspended · {items['failed']} failed"
    )
    cover = data["evidence"]
    rows.append(
        f"Evidence: {cover['proved']} proved · {cover['guarded']} guarded · {cover['attested']} attested · {cover['none']} none"
    )
    if data["depth"] in ("program", "enterprise"):
        rows += _portfolio(data)
    else:
        rows += ["", *_table(data["items"])]
    if story:
        rows += [*_story(data), *_records(data)]
    rows += _waiting(data)
    rows += ["", f"Next: {data['advice']}", ""]
    return "\n".join(rows)


def _table(items: list[Mapping[str, Any]]) -> list[str]:
    rows = ["| | item | evidence | checks | attempts | commit |", "|---|---|---|--:|--:|---|"]
    rows.extend(
        f"| `[{entry['status']}]` | {entry['id']} — {one_line(entry['title'], 60).replace('|', '/')} | "
        f"{_shown(entry) or '—'} | {entry['checks'] or '—'} | {len(entry['attempts']) or '—'} | {entry['commit'][:10] or '—'} |"
        for entry in items
    )
    return rows


def _portfolio(data: Mapping[str, Any]) -> list[str]:
    """Capacity, then each program with its projects and their items."""
    rows: list[str] = []
    if data["depth"] == "enterprise":
        shared = ", ".join(f"{row['id']}={row['slots']}" for row in data["allocation"]) or "—"
        used = f"{data['capacity']['used']}/{data['budget']}"
        rows += [
            f"Capacity: {used} · {data['strategy']} · parallelism {'on' if data['parallel'] else 'off'} · {shared}"
        ]
    for program in data["programs"]:
        if program["id"]:
            title = one_line(program["title"], 100)
            rows += ["", f"## {program['id']} — {title} `[{program['status']}]` (P{program['priority']})"]
        for row in program["projects"]:
            items = row["items"]
            rows += [
                "",
                f"### {row['key']} — {one_line(row['title'], 100)} `[{row['status']}]` {items['delivered']}/{items['total']}",
            ]
            rows += ["", *_table(row["list"])] if row["list"] else []
    return rows


def _shown(entry: Mapping[str, Any]) -> str:
    """Coverage, with the weakness of evidence that is bound to no tree of git."""
    return f"{entry['coverage']}, in place" if entry["inPlace"] else str(entry["coverage"])


def _story(data: Mapping[str, Any]) -> list[str]:
    """Items that did not go straight, attempt by attempt: this is where a person learns what happened."""
    rows: list[str] = []
    for entry in data["items"]:
        tried = entry["attempts"]
        if len(tried) < 2 and not (tried and tried[0]["reason"] != "delivered"):
            continue
        rows += ["", f"### {entry['key']} — {one_line(entry['title'], 80)}"]
        for attempt in tried:
            detail = one_line(clean(attempt["detail"]), 240)
            rows.append(f"- attempt {attempt['attempt']}: **{attempt['reason'].replace('_', ' ')}** — {detail}")
    return ["", "## What did not go straight", *rows] if rows else []


def _records(data: Mapping[str, Any]) -> list[str]:
    """What the agents left behind, item by item, and which of them left nothing."""
    closed = [entry for entry in data["items"] if entry["coverage"] not in ("", "none")]
    said = [entry for entry in closed if entry["record"]]
    rows = [f"- {entry['key']} — {one_line(entry['title'], 60)}: {_record(entry['record'])}" for entry in said]
    more = [f"- … and {len(rows) - RECORDS_SHOWN_MAX} more: echelon report --json"]
    rows = rows if len(rows) <= RECORDS_SHOWN_MAX else rows[:RECORDS_SHOWN_MAX] + more
    rows += [f"- {row}" for row in _unrecorded(data)]
    return ["", "## Completion records", *rows] if rows else []


def _record(record: Mapping[str, Any]) -> str:
    """The parts that say something. An agent's words: no line of them can be structure, for there is one line."""
    named, more = record["files"][:PATHS_SHOWN_MAX], len(record["files"]) - PATHS_SHOWN_MAX
    files = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    rows = (("files", files), ("notes", record["notes"]), ("follow-up", record["followUp"]))
    said = "; ".join(f"{name}: {one_line(clean(words), RECORD_WORDS_MAX)}" for name, words in rows if words)
    return said or "says nothing"


def _unrecorded(data: Mapping[str, Any]) -> list[str]:
    """A warning, never a refusal: items that were closed with evidence and without a completion record."""
    closed = [entry for entry in data["items"] if entry["coverage"] not in ("", "none")]
    bare = [entry["key"] for entry in closed if not entry["record"]]
    more = f" and {len(bare) - IDS_SHOWN_MAX} more" if len(bare) > IDS_SHOWN_MAX else ""
    return [f"no completion record: {', '.join(bare[:IDS_SHOWN_MAX])}{more}"] if bare else []


def _waiting(data: Mapping[str, Any]) -> list[str]:
    rows = [f"- {one_line(row['why'])} (`{row['code']}`)" for row in data["waiting"]]
    rows += [
        f"- {row['id']}{_about(row)} waits for your decision: {one_line(row['expected'])}"
        for row in data["escalations"]
    ]
    for row in data.get("overlaps", ()):
        verb = "conflict" if row["conflicts"] else "both change"
        rows.append(f"- {' and '.join(row['slots'])} {verb}: {', '.join(row['paths'][:PATHS_SHOWN_MAX])}")
    return ["", "## What waits", *rows] if rows else []


def _about(row: Mapping[str, Any]) -> str:
    """Where an escalation stands, in a portfolio."""
    return f" ({row['level']} {row['scope']})".replace(" )", ")") if row["scope"] or row["level"] != "project" else ""


def plain(data: Mapping[str, Any]) -> str:
    """The status of whatever depth the workspace has."""
    if data["depth"] == "enterprise":
        return enterprise_lines(data)
    return program_lines(data) if data["depth"] == "program" else lines(data)


def lines(data: Mapping[str, Any]) -> str:
    """Plain status of a project, in the peer's shape: mode, counts, one line per item."""
    items = data["project"]["items"]
    rows = [
        f"Mode Spec & Backlog: {data['mode'].upper()}",
        (
            f"{items['pending']} pending, {items['inProgress']} in progress, {items['delivered']} delivered, "
            f"{items['failed']} failed, {items['suspended']} suspended"
        ),
    ]
    for entry in data["items"]:
        waits = ", ".join(entry["dependsOn"]) or "—"
        cover = f" · {_shown(entry)}" if entry["coverage"] else ""
        rows.append(
            f"[{entry['status']}] {entry['id']} (P{entry['priority']}) {one_line(entry['title'], 100)} — depends: {waits}{cover}"
        )
    for row in data["inFlight"]:
        rows.append(f"in flight: {row['mission']} ({row['phase']}) since {row['since']}")
        rows += [f"  to attest: criterion {one['criterion']}: {one_line(one['text'])}" for one in row["toAttest"]]
    rows += [*_unrecorded(data), *(row.removeprefix("- ") for row in _waiting(data)[2:])]
    rows.append(f"next: {data['advice']}")
    return "\n".join(rows)


# --------------------------------------------------------------------------------------------- the upper levels


def program_lines(data: Mapping[str, Any], key: str | None = None) -> str:
    """Counts and one line per project, of one program or of all."""
    rows: list[str] = []
    for program in data["programs"]:
        if key is None or program["id"] == key:
            rows += [*([f"{program['id']} — {one_line(program['title'], 100)}"] if program["id"] else [])]
            rows += [_states(program["projects"]), *(_project_line(one) for one in program["projects"])]
    return "\n".join((*rows, *_tail(data)))


def enterprise_lines(data: Mapping[str, Any]) -> str:
    """Budget, allocation, and one line per program with its projects."""
    capacity = data["capacity"]
    shared = ", ".join(f"{row['id']}={row['slots']}" for row in data["allocation"]) or "—"
    mode = f"{data['strategy']} · parallelism {'on' if data['parallel'] else 'off'}"
    rows = [
        f"{mode} · capacity {capacity['used']}/{data['budget']} ({capacity['available']} free)",
        f"allocation: {shared}",
        _states(data["programs"]),
    ]
    for row in data["programs"]:
        waits = ", ".join(row["dependsOn"]) or "—"
        rows.append(
            f"[{row['status']}] {row['id']} (P{row['priority']}) {one_line(row['title'], 100)} — depends: {waits}"
        )
        rows += [f"  {_project_line(one)}" for one in row["projects"]]
    return "\n".join((*rows, *_tail(data)))


def _states(rows: list[Mapping[str, Any]]) -> str:
    names = ("pending", "active", "delivered", "failed", "suspended")
    return ", ".join(f"{sum(1 for row in rows if row['state'] == name)} {name}" for name in names)


def _project_line(row: Mapping[str, Any]) -> str:
    items, waits = row["items"], ", ".join(row["dependsOn"]) or "—"
    more = "".join(
        f", {items[key]} {word}" for key, word in (("inProgress", "in progress"), ("failed", "failed")) if items[key]
    )
    title = one_line(row["title"], 100)
    return (
        f"[{row['status']}] {row['id']} (P{row['priority']}) {title} — "
        f"items {items['delivered']}/{items['total']}{more} — depends: {waits}"
    )


def _tail(data: Mapping[str, Any]) -> list[str]:
    rows = [
        f"in flight: {row['mission']} ({'parked' if row['parked'] else row['phase']}) since {row['since']}"
        for row in data["inFlight"]
    ]
    rows += [*_unrecorded(data), *(row.removeprefix("- ") for row in _waiting(data)[2:])]
    return [*rows, f"next: {data['advice']}"]
