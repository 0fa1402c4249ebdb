"""Every literal of the file format, once, in English and French. Parser, writer and docs/FORMAT.md read this table.

The format is open-codining 1.0.6's (French labels, em-dash headers, five markers) and wider: labels in both
languages, any dash, any accent form, case and apostrophe. What is read more widely than the peer reads it is
reported, see `parse`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Literal

Language = Literal["en", "fr"]
Strategy = Literal["proportional", "equal", "priority-first"]


class State(Enum):
    """The life of an item, a project or a program. The value is what people read in messages."""

    PENDING = "pending"
    ACTIVE = "active"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUSPENDED = "suspended"


MARKERS: dict[str, State] = {
    " ": State.PENDING,
    "/": State.ACTIVE,
    "x": State.DELIVERED,
    "-": State.FAILED,
    "~": State.SUSPENDED,
}
MARKER_OF: dict[State, str] = {state: marker for marker, state in MARKERS.items()}


@dataclass(frozen=True, slots=True)
class Label:
    """One idea, its two canonical spellings, and other spellings that people write."""

    key: str
    en: str
    fr: str
    also: tuple[str, ...] = ()

    def text(self, language: Language) -> str:
        return self.fr if language == "fr" else self.en


FIELDS = (
    Label("priority", "Priority", "Priorité", ("Prio",)),
    Label("size", "Size", "Taille"),
    Label("status", "Status", "Statut", ("State", "État")),
    Label("depends", "Depends on", "Dépend de", ("Dependencies", "Dépendances", "Depends")),
    Label("path", "Path", "Chemin"),
    Label("description", "Description", "Description"),
    Label("criteria", "Acceptance criteria", "Critères d'acceptation", ("Acceptance", "Criteria", "Critères")),
    Label("notes", "Technical notes", "Notes techniques", ("Notes",)),
    Label("touches", "Files", "Fichiers", ("Touches", "Writes", "Touche")),
    Label("waived", "Waived", "Dispense", ("Waiver",)),
)
CONFIGURATION = (
    Label("budget", "Capacity budget", "Budget de capacité"),
    Label("strategy", "Strategy", "Stratégie"),
    Label("parallelism", "Parallelism", "Parallélisme"),
)
RECORD_FIELDS = (
    Label("files", "Files", "Fichiers"),
    Label("notes", "Notes", "Notes"),
    Label("follow_up", "Follow-up", "Suivi", ("Follow up",)),
)
HEADINGS = (
    Label("objective", "Objective", "Objectif"),
    Label("scope", "Scope", "Périmètre"),
    Label("in_scope", "In", "Inclus", ("In scope", "Included")),
    Label("out_of_scope", "Out", "Exclus", ("Out of scope", "Excluded")),
    Label("constraints", "Technical constraints", "Contraintes techniques", ("Constraints", "Contraintes")),
    Label("done", "Definition of done", "Définition de fait (Definition of Done)", ("Définition de fait",)),
    Label("interfaces", "Interfaces and contracts", "Interfaces et contrats"),
    Label("glossary", "Glossary", "Glossaire"),
    Label("journal", "Journal", "Journal"),
    Label("escalations", "Escalations", "Escalations", ("Escalades",)),
    Label("record", "Completion record", "Compte-rendu", ("Compte rendu", "Compte-rendu de mission")),
    Label("legend", "Legend", "Légende"),
)
CHECK_WORDS = {"check": "check", "preuve": "check", "guard": "guard", "garde": "guard"}
CHECK_LABELS: dict[str, Label] = {
    "check": Label("check", "check", "preuve"),
    "guard": Label("guard", "guard", "garde"),
}
JOURNAL_TYPES = {
    "item_delivered": Label("item_delivered", "ITEM DELIVERED", "ITEM LIVRÉ"),
    "item_failed": Label("item_failed", "ITEM FAILED", "ITEM ÉCHOUÉ"),
    "item_suspended": Label("item_suspended", "ITEM SUSPENDED", "ITEM SUSPENDU"),
    "item_started": Label("item_started", "ITEM STARTED", "ITEM DÉMARRÉ"),
    "item_resumed": Label("item_resumed", "ITEM RESUMED", "ITEM REPRIS"),
    "item_reopened": Label("item_reopened", "ITEM REOPENED", "ITEM ROUVERT"),
    "item_waived": Label("item_waived", "ITEM WAIVED", "ITEM DISPENSÉ"),
    "project_started": Label("project_started", "PROJECT STARTED", "PROJET DÉMARRÉ"),
    "project_delivered": Label("project_delivered", "PROJECT DELIVERED", "PROJET LIVRÉ"),
    "project_failed": Label("project_failed", "PROJECT FAILED", "PROJET ÉCHOUÉ"),
    "project_suspended": Label("project_suspended", "PROJECT SUSPENDED", "PROJET SUSPENDU"),
    "project_resumed": Label("project_resumed", "PROJECT RESUMED", "PROJET REPRIS"),
    "project_reopened": Label("project_reopened", "PROJECT REOPENED", "PROJET ROUVERT"),
    "project_waived": Label("project_waived", "PROJECT WAIVED", "PROJET DISPENSÉ"),
    "program_started": Label("program_started", "ALLOCATION", "ALLOCATION"),
    "program_delivered": Label("program_delivered", "PROGRAM DELIVERED", "PROGRAMME LIVRÉ"),
    "program_failed": Label("program_failed", "PROGRAM FAILED", "PROGRAMME ÉCHOUÉ"),
    "program_suspended": Label("program_suspended", "PROGRAM SUSPENDED", "PROGRAMME SUSPENDU"),
    "program_resumed": Label("program_resumed", "PROGRAM RESUMED", "PROGRAMME REPRIS"),
    "program_reopened": Label("program_reopened", "PROGRAM REOPENED", "PROGRAMME ROUVERT"),
    "program_waived": Label("program_waived", "PROGRAM WAIVED", "PROGRAMME DISPENSÉ"),
    "budget_changed": Label("budget_changed", "BUDGET CHANGED", "BUDGET CHANGÉ"),
    "attempt_ended": Label("attempt_ended", "ATTEMPT ENDED", "TENTATIVE TERMINÉE"),
    "escalation": Label("escalation", "ESCALATION", "ESCALADE", ("ESCALATION",)),
    "decision": Label("decision", "ESCALATION DECIDED", "DÉCISION ESCALADE"),
}
JOURNAL_PARALLEL = Label("parallel", "(PARALLEL)", "(PARALLÈLE)")  # open-codining puts it behind a type
ESCALATION_PENDING = Label("pending", "Status: AWAITING DECISION", "Statut : EN ATTENTE DE DÉCISION")
ESCALATION_DECIDED = Label("decided", "Status: DECIDED", "Statut : DÉCIDÉ")
ESCALATION_PARTS = (
    Label("context", "Context", "Contexte"),
    Label(
        "attempts", "Attempts (by recovery level)", "Tentatives (par niveau de recovery)", ("Attempts", "Tentatives")
    ),
    Label("options", "Options", "Options"),
    Label("expected", "Expected decision", "Décision attendue"),
)

PRIORITIES = (1, 2, 3, 4)
SIZES = ("S", "M", "L", "XL")
SIZE_WORDS = {"small": "S", "medium": "M", "large": "L", "extra-large": "XL", "petit": "S", "moyen": "M", "grand": "L"}
NO_DEPENDENCY = frozenset({"", "—", "–", "-", "none", "no", "nothing", "n/a", "na", "aucune", "aucun", "neant", "rien"})

CONTEXT_START = "<!-- ORCHESTRATOR:SPEC-BACKLOG:START -->"
CONTEXT_END = "<!-- ORCHESTRATOR:SPEC-BACKLOG:END -->"

STRATEGIES = ("proportional", "equal", "priority-first")
# whole words: "on hold" is not on (peer-levels.md W6)
ON_WORDS = frozenset({"active", "actif", "enabled", "on", "true", "yes", "oui"})
OFF_WORDS = frozenset({"", "—", "-", "inactive", "inactif", "desactive", "disabled", "off", "false", "no", "non"})

ITEM_ID = re.compile(r"B\d{1,9}")
PROJECT_ID = re.compile(r"PRJ-\d{1,9}")
PROGRAM_ID = re.compile(r"PGM-\d{1,9}")
EXTERNAL_ID = re.compile(r"PRJ-\d{1,9}/B\d{1,9}")
ESCALATION_ID = re.compile(r"ESC-\S{1,64}")
DASHES = "—–-"

_SPACES = re.compile(r"[\s\u00a0\u202f\u2009]+")
_JOIN = re.compile(r" ?(,|;|&|\+| et | and ) ?", re.IGNORECASE)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """The form in which labels are compared: no accents, no case, one kind of dash, apostrophe and space."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(ch for ch in decomposed if not unicodedata.combining(ch)).casefold()
    for dash in "—–‐‑−":
        plain = plain.replace(dash, "-")
    for apostrophe in "’ʼ‘`´":
        plain = plain.replace(apostrophe, "'")
    return _SPACES.sub(" ", plain).strip()


def spellings(labels: tuple[Label, ...]) -> dict[str, str]:
    """Folded spelling -> key, for one family of labels."""
    return {fold(form): label.key for label in labels for form in (label.en, label.fr, *label.also)}


FIELD_KEYS = spellings(FIELDS)
CONFIGURATION_KEYS = spellings(CONFIGURATION)
RECORD_KEYS = spellings(RECORD_FIELDS)
HEADING_KEYS = spellings(HEADINGS)
ESCALATION_KEYS = spellings(ESCALATION_PARTS)
FRENCH = frozenset(fold(label.fr) for label in (*FIELDS, *HEADINGS, *RECORD_FIELDS) if fold(label.fr) != fold(label.en))
ENGLISH = frozenset(
    fold(label.en) for label in (*FIELDS, *HEADINGS, *RECORD_FIELDS) if fold(label.fr) != fold(label.en)
)


def field(key: str, language: Language) -> str:
    """The canonical label of a field, with the colon as the language writes it (`Priorité :`, `Priority:`)."""
    label = next(entry for entry in (*FIELDS, *CONFIGURATION, *RECORD_FIELDS) if entry.key == key)
    return label.text(language) + (" :" if language == "fr" else ":")


def heading(key: str, language: Language) -> str:
    return next(entry for entry in HEADINGS if entry.key == key).text(language)


def colon(language: Language) -> str:
    return " :" if language == "fr" else ":"


def dependencies(value: str) -> tuple[list[str], bool]:
    """The words of a list of dependencies, empty for a word that says none; False when others than commas part them."""
    if fold(value) in NO_DEPENDENCY:
        return [], True
    tokens = _JOIN.split(" ".join(value.split()))  # one blank each: no run of blanks is looked at twice
    words = [token.strip().strip("`") for token in tokens[::2]]
    return [word for word in words if word], all(separator == "," for separator in tokens[1::2])
