"""A Plan as spec.md and backlog.md, in the canonical form of the format: read back, they say the same."""

from __future__ import annotations

from echelon.core.documents import grammar, render
from echelon.core.documents.criteria import render_check
from echelon.core.planning.model import Plan, PlannedItem
from echelon.core.planning.questions import RISK, pick


def spec(plan: Plan) -> str:
    """Shaped as peer-levels.md §3.1, but for a definition of done that nobody asked for."""
    head = {
        key: grammar.heading(key, plan.language)
        for key in ("objective", "scope", "in_scope", "out_of_scope", "constraints", "done")
    }
    fixed = (*plan.constraints, *(pick(RISK, plan.language) + risk for risk in plan.risks))
    blocks = [
        f"# Spec — {plan.name}",
        f"## {head['objective']}\n{render.quote(plan.objective)}",
        f"## {head['scope']}\n### {head['in_scope']}\n{_bullets(plan.in_scope)}",
        f"### {head['out_of_scope']}\n{_bullets(plan.out_of_scope)}",
    ]
    if fixed:
        blocks.append(f"## {head['constraints']}\n{_bullets(fixed)}")
    if plan.done:
        done = (words + render_check(check, plan.language) for words, check in plan.done)
        blocks.append(f"## {head['done']}\n{_bullets(tuple(done))}")
    return "\n\n".join(blocks) + "\n"


def backlog(plan: Plan) -> str:
    text = render.backlog_skeleton(plan.name, plan.language) + "\n" + "".join(_item(item, plan) for item in plan.items)
    return text.rstrip("\n") + "\n"


def _item(item: PlannedItem, plan: Plan) -> str:
    text = render.item(
        item.id, item.title, item.priority, item.size, item.depends, item.description, item.criteria, plan.language
    )
    more = (("touches", item.touches), ("notes", item.notes))
    rows = [f"- {grammar.field(key, plan.language)} {value}\n" for key, value in more if value]
    return text.rstrip("\n") + "\n" + "".join(rows) + "\n"


def _bullets(rows: tuple[str, ...]) -> str:
    return "\n".join(f"- {row}" for row in rows)
