"""The charter: how an agent finds what it needs in the steering files, without reading them whole.

Made from the constants that the parsers read (core/documents/grammar.py), so an anchor it names is one that is there;
in the language of the workspace's files. For a mission it stands in the block on top of context.md, after the
contract; for a commander in its prompt. Budget: 230 tokens (docs/PERFORMANCE.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from echelon.core import layout
from echelon.core.documents import grammar
from echelon.core.documents.grammar import Language
from echelon.core.model import TODO
from echelon.core.posts import LevelName

ITEM, PROJECT, PROGRAM, ESCALATION = (
    "B001",
    "PRJ-001",
    "PGM-001",
    "ESC-",
)  # as ids look; a test holds them to the grammar
_WHOLE = layout.ProjectFiles()

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "discipline": "Search the steering files, never read them whole: `steering_find`, or `grep -n` an anchor or a word of your "
        "task and read the matched lines.",
        "anchors": "Anchors:",
        "where": "In",
        "colon": ":",
        "items": "criteria, dependencies, progress",
        "rules": "constraints, interfaces",
        "steps": "your steps",
        "past": "deliveries, decisions",
        "projects": "projects, their order and state",
        "programs": "programs, capacity, state",
    },
    "fr": {
        "discipline": "Cherche dans les fichiers de pilotage, ne les lis pas en entier : `steering_find`, ou `grep -n` une ancre ou un "
        "mot de ta tâche, puis les lignes trouvées.",
        "anchors": "Ancres :",
        "where": "Dans",
        "colon": " :",
        "items": "critères, dépendances, avancement",
        "rules": "contraintes, interfaces",
        "steps": "tes étapes",
        "past": "livraisons, décisions",
        "projects": "projets, ordre, état",
        "programs": "programmes, capacité, état",
    },
}


def charter(level: LevelName, language: Language) -> str:
    """Three lines: the discipline, the anchors to search for, which file holds what."""
    words = _WORDS[language]
    anchors = f"{words['anchors']} {'; '.join(_anchors(level, language))}."
    where = f"{words['where']} `{layout.STATE}/`{words['colon']} {'; '.join(_where(level, language))}."
    return "\n".join((words["discipline"], anchors, where))


def _anchors(level: LevelName, language: Language) -> list[str]:
    if level == "enterprise":
        settings = " ".join(f"`- {grammar.field(label.key, language)}`" for label in grammar.CONFIGURATION)
        return [*_entry(PROGRAM, ("priority", "depends"), language), settings]
    if level == "program":
        return _entry(PROJECT, ("priority", "depends", "path"), language)
    checks = " / ".join(f"`{label.text(language)}{grammar.colon(language)}`" for label in grammar.CHECK_LABELS.values())
    criteria = f"`- {grammar.field('criteria', language)}` `  - [ ]` {checks}"
    return [*_entry(ITEM, ("priority", "depends"), language), criteria, f"spec `{_spec_headings(language)}`"]


def _entry(example: str, keys: Sequence[str], language: Language) -> list[str]:
    """The heading of an entry and its fields, with what the markers mean."""
    markers = " ".join(f"[{marker}] {state.value}" for marker, state in grammar.MARKERS.items())
    fields = " ".join(f"`- {grammar.field(key, language)}`" for key in keys)
    status = f"`- {grammar.field('status', language)}` {markers}"
    return [f"`### {example} {grammar.DASHES[0]}`", fields, status]


def _spec_headings(language: Language) -> str:
    """Up to the bracket: the peer's French heading carries the English one in it."""
    return " · ".join(
        f"{'###' if key in ('in_scope', 'out_of_scope') else '##'} {grammar.heading(key, language).partition(' (')[0]}"
        for key in ("objective", "in_scope", "out_of_scope", "constraints", "done", "interfaces", "glossary")
    )


def _where(level: LevelName, language: Language) -> list[str]:
    words = _WORDS[language]
    past = f"{words['past']} (`## {grammar.heading('journal', language)}`, `### {ESCALATION}`)"
    if level == "enterprise":
        return [f"`{_name(layout.ENTERPRISE)}` {words['programs']}, {past}"]
    if level == "program":
        return [f"`{_name(layout.WORKING_PROGRAM)}` {words['projects']}, {past}"]
    steps = (
        [f"`{_name(TODO)}` {words['steps']}, `## {grammar.heading('record', language)}`"] if level == "mission" else []
    )
    return [
        f"`{_name(_WHOLE.backlog)}` {words['items']}",
        f"`{_name(_WHOLE.spec)}` {words['rules']}",
        *steps,
        f"`{_name(_WHOLE.journal)}` {past}",
    ]


def _name(path: str) -> str:
    return path.removeprefix(f"{layout.STATE}/")
