"""What the two actions that plan a project do: ask, and turn answers or arguments into its spec and backlog."""

from __future__ import annotations

from echelon.actions import arguments as given_
from echelon.actions.callers import Caller
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents import lines
from echelon.core.planning import questions, reading, scaffold
from echelon.core.planning.model import Gap
from echelon.engine import planning
from echelon.engine.engine import Engine

Answer = Decision | Refusal


def plan(engine: Engine, given: given_.PlanArguments, caller: Caller) -> Answer:
    where = _where(engine, given.target_dir, caller)
    if isinstance(where, Refusal):
        return where
    if not given.answers.strip():
        if not given.brief.strip():
            return refuse("ARGUMENT_MISSING", "say what is wanted: brief")
        name, language = engine.workspace.root.name, engine.workspace.config.language
        return Decision({}, questions.questionnaire(name, given.brief, language))
    return answered(engine, given.answers, where, "answers")


def answered(engine: Engine, text: str, where: planning.Place, source: str) -> Answer:
    """Write what the answers say. `source`: what a gap's place begins with, such as the name of the file."""
    draft = reading.read(text, engine.workspace.config.language)
    places = lines.Places(text)

    def placed(gap: Gap) -> str:
        line, column = places(gap.at)
        return f"{source}:{line}:{column}: {gap.message}"

    return planning.write(engine, draft, where, placed)


def scaffolded(engine: Engine, given: given_.ScaffoldArguments, caller: Caller) -> Answer:
    where = _where(engine, given.target_dir, caller)
    if isinstance(where, Refusal):
        return where
    texts = {key: getattr(given, key) for key in ("objective", "in_scope", "out_of_scope", "constraints")}
    draft, names = scaffold.read(given.name, texts, given.items_json, engine.workspace.config.language)
    return planning.write(engine, draft, where, lambda gap: f"{names[gap.at]}: {gap.message}")


def _where(engine: Engine, target: str, caller: Caller) -> planning.Place | Refusal:
    if caller.item:
        said = f"this session carries out {caller.item}; a mission plans no project"
        return refuse("WRONG_LEVEL", said, next_step="ask the person, or the commander above")
    return planning.place(engine, target, caller.scope if caller.who == "agent" else None)
