"""The dependencies as a Mermaid flowchart: an arrow leads from what comes first to what waits for it.

Titles are data: every sign that could mean something to Mermaid is written as an entity code, and nodes have names of
our own, so no title can become a node, a link, a directive or a comment.
"""

from __future__ import annotations

import re
from typing import Any

from echelon.core.documents.grammar import State
from echelon.core.documents.render import one_line

MARK = "%% echelon export 1"
LABEL_MAX = 60
EDGES_DRAWN_MAX = 500  # what Mermaid draws unless whoever shows the page allows more
_PLAIN = re.compile(r"[\w ,./()'+?!-]", re.ASCII)
_COLOURS = {
    State.PENDING: "fill:#f4f4f5,stroke:#71717a,color:#18181b",
    State.ACTIVE: "fill:#dbeafe,stroke:#1d4ed8,color:#172554",
    State.DELIVERED: "fill:#dcfce7,stroke:#15803d,color:#052e16",
    State.FAILED: "fill:#fee2e2,stroke:#b91c1c,color:#450a0a",
    State.SUSPENDED: "fill:#fef3c7,stroke:#b45309,color:#451a03",
}


def mermaid(data: dict[str, Any]) -> str:
    """A flowchart of what `exporting.data.export` gives."""
    names = {item["key"]: f"i{at}" for at, item in enumerate(data["items"])}
    rows = [MARK, "flowchart LR"]
    rows += [f"  classDef {state.value} {colours}" for state, colours in _COLOURS.items()]
    rows += _programs(data, names)
    for item in data["items"]:
        rows += [
            f"  {names[wanted['key']]} --> {names[item['key']]}"
            for wanted in item["dependsOn"]
            if wanted["key"] in names
        ]
    rows += _between(data)
    for state in State:
        held = [names[item["key"]] for item in data["items"] if item["state"] == state.value]
        rows += [f"  class {','.join(held)} {state.value}"] if held else []
    return "\n".join(rows) + "\n"


def edges(text: str) -> int:
    return sum(" --> " in row for row in text.split("\n"))


def _programs(data: dict[str, Any], names: dict[str, str]) -> list[str]:
    """Items inside their projects, projects inside their programs; a project that stands alone has no frame."""
    rows: list[str] = []
    places = _places(data)
    framed = len(data["projects"]) > 1 or bool(data["programs"])
    for program in data["programs"] or [{"key": "", "title": ""}]:
        inner: list[str] = []
        for project in data["projects"]:
            if project["program"] != program["key"]:
                continue
            items = [
                f"  {names[item['key']]}[{_label(item['id'], item['title'])}]"
                for item in data["items"]
                if item["project"] == project["key"]
            ]
            inner += (
                _frame(places[project["key"]], project["key"].rpartition("/")[2], project["title"], items)
                if framed
                else items
            )
        rows += _frame(places[program["key"]], program["key"], program["title"], inner) if program["key"] else inner
    return rows


def _places(data: dict[str, Any]) -> dict[str, str]:
    """Names of the frames: p0, p1 for projects, g0, g1 for programs."""
    found = {project["key"]: f"p{at}" for at, project in enumerate(data["projects"])}
    return {**{program["key"]: f"g{at}" for at, program in enumerate(data["programs"])}, **found}


def _frame(name: str, key: str, title: str, rows: list[str]) -> list[str]:
    if not rows:  # an empty frame would be drawn as a node that looks like an item
        return []
    return [f"  subgraph {name}[{_label(key, title)}]", *(f"  {row}" for row in rows), "  end"]


def _between(data: dict[str, Any]) -> list[str]:
    """Programs wait for programs, and projects for projects of the same program, where both are drawn."""
    drawn = {item["project"] for item in data["items"]}
    drawn |= {project["program"] for project in data["projects"] if project["key"] in drawn}
    places = _places(data)
    rows: list[str] = []
    for node in (*data["programs"], *data["projects"]):
        owner = node["key"].rpartition("/")[0]
        for wanted in node["dependsOn"]:
            other = f"{owner}/{wanted}" if owner else wanted
            if node["key"] in drawn and other in drawn and node["key"] and other in places:
                rows.append(f"  {places[other]} --> {places[node['key']]}")
    return rows


def _label(key: str, title: str) -> str:
    """A quoted label. Letters of any language stay; other signs are entity codes (`#34;` for a quotation mark)."""
    words = one_line(f"{key} {title}".strip(), LABEL_MAX)
    return '"' + "".join(ch if ch.isalnum() or _PLAIN.match(ch) else f"#{ord(ch)};" for ch in words) + '"'
