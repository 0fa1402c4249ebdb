"""What an agent is told about its mission: the contract, the rules, what refused it before. English and French."""

from __future__ import annotations

from collections.abc import Mapping

from echelon.core.documents import grammar, lines
from echelon.core.documents.criteria import render_check
from echelon.core.documents.grammar import Language
from echelon.core.documents.render import clean, quote
from echelon.core.model import Mission
from echelon.core.steering.charter import charter

FEEDBACK_MAX = 4_000
DECISION_MAX = 2_000  # of a question, and of its answer
BOOKKEEPING = frozenset({"priority", "size", "status", "depends", "waived"})

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Contract",
        "done": "Holds for every item:",
        "decided": "A person was asked, and decided:",
        "rule": "Code runs each check on the merged tree and decides; ticked boxes prove nothing.",
        "mission": "You deliver item {item} (mission {mission}). Work only in this directory; leave `.opencode/` alone, "
        "except `.opencode/todo.md`.",
        "steps": "Break the criteria down in `.opencode/todo.md`, do the work, run the checks, tick what is done.\n"
        "Never weaken a test to get there: that is found and refused.\n"
        "Stop and say so when the spec contradicts itself, a dependency is broken, or the same error comes a third time.",
        "record": "At the end add `## {record}` to todo.md with `- Files:`, `- Notes:`, `- Follow-up:`.",
        "feedback": "The attempt before was refused:",
        "decompose": "Break the work into smaller steps this time and verify each.",
        "re-plan": "Plan it anew: the way so far did not lead there.",
        "conflict": "The base branch moved; these files hold conflict markers to resolve:",
        "rework": "[Echelon, mission {mission}] The work of {item} comes back. Its slot stays as it is, and so does the "
        "contract. A person's words about it:",
        "reworked": "Change the work accordingly in the slot, run the checks, and end your turn as you would have.",
    },
    "fr": {
        "title": "Contrat",
        "done": "Vaut pour chaque item :",
        "decided": "Une personne a été consultée, et a décidé :",
        "rule": "Le code exécute chaque preuve sur l'arbre fusionné et tranche ; cocher ne prouve rien.",
        "mission": "Tu livres l'item {item} (mission {mission}). Travaille seulement dans ce dossier ; ne touche pas à "
        "`.opencode/`, sauf `.opencode/todo.md`.",
        "steps": "Décompose les critères dans `.opencode/todo.md`, fais le travail, exécute les preuves, coche ce qui est fait.\n"
        "N'affaiblis jamais un test pour y arriver : cela se voit et c'est refusé.\n"
        "Arrête-toi et dis-le si la spec se contredit, si une dépendance est cassée, ou si la même erreur revient trois fois.",
        "record": "À la fin, ajoute `## {record}` à todo.md avec `- Fichiers :`, `- Notes :`, `- Suivi :`.",
        "feedback": "La tentative précédente a été refusée :",
        "decompose": "Cette fois, découpe le travail en étapes plus petites et vérifie chacune.",
        "re-plan": "Reprends le plan : le chemin suivi n'y a pas mené.",
        "conflict": "La branche de base a bougé ; ces fichiers portent des marqueurs de conflit à résoudre :",
        "rework": "[Echelon, mission {mission}] Le travail de {item} revient. Son slot reste comme il est, et le contrat "
        "aussi. Les mots d'une personne à son sujet :",
        "reworked": "Change le travail en conséquence dans le slot, exécute les preuves, et finis ton tour comme prévu.",
    },
}


Decisions = Mapping[str, str]  # what a person was asked -> what was decided


def block(running: Mission, section: str, decided: Decisions, language: Language) -> str:
    """What stands on top of the slot's context.md: the contract, then the charter."""
    return f"{contract(running, section, decided, language)}\n\n{charter('mission', language)}"


def contract(running: Mission, section: str, decided: Decisions, language: Language) -> str:
    """The item verbatim, what holds for every item, what a person decided. `section`: the item's text in the backlog."""
    words = _WORDS[language]
    common = [f"- {promise.text}{render_check(promise.check, language)}" for promise in running.definition.done]
    rows = [f"# {words['title']}", "", _without_bookkeeping(section), ""]
    rows += [words["done"], *common, ""] if common else []
    rows += [words["decided"], *(_decision(*row) for row in decided.items()), ""] if decided else []
    return "\n".join((*rows, words["rule"]))


def _decision(asked: str, said: str) -> str:
    """A question and its answer as a quotation: neither can be structure of the contract."""
    rows = clean(f"{asked[:DECISION_MAX]}\n→ {said[:DECISION_MAX]}").split("\n")
    return "\n".join(f"> {row}".rstrip() for row in rows) + "\n"


def _without_bookkeeping(section: str) -> str:
    """Without the item's priority, status and the like: they change while it is in flight, and ask for no work."""
    kept: list[str] = []
    seen: set[str] = set()
    for line in lines.split(section):
        labelled = None if line.opaque else lines.labelled(line.text)
        key = grammar.FIELD_KEYS.get(grammar.fold(labelled.label)) if labelled and not labelled.indent else None
        if key in BOOKKEEPING and key not in seen:
            seen.add(key)
        else:
            kept.append(section[line.start : line.end])
    return "".join(kept).rstrip()


def mission(running: Mission, section: str, step: str, decided: Decisions, language: Language) -> str:
    """The prompt of a worker session. The agent's and the person's words in it are quoted data."""
    words = _WORDS[language]
    parts = [
        words["mission"].format(item=running.item, mission=running.name),
        contract(running, section, decided, language),
        words["steps"],
        words["record"].format(record=grammar.heading("record", language)),
    ]
    if running.feedback:
        parts.append(f"{words['feedback']}\n{quote(clean(running.feedback)[:FEEDBACK_MAX])}")
    if step in ("decompose", "re-plan"):
        parts.append(words[step])
    if running.conflicts:
        parts.append(words["conflict"] + "\n" + "\n".join(f"- {path}" for path in running.conflicts[:50]))
    return "\n\n".join(parts) + "\n"


def rework(running: Mission, said: str, language: Language) -> str:
    """What is said to the session that works on an item when a person sends the work back. `said` is quoted data."""
    words = _WORDS[language]
    opening = words["rework"].format(item=running.item, mission=running.name)
    return f"{opening}\n\n{quoted(said)}\n\n{words['reworked']}"


def quoted(said: str) -> str:
    """A person's words with a mark before each line, whatever they look like."""
    return "\n".join(f"> {row}".rstrip() for row in clean(said)[:FEEDBACK_MAX].split("\n"))
