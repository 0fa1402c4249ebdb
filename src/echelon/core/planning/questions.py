"""The questions, in order, in both languages: the form, the questionnaire and the interview are made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from echelon.core.documents import grammar
from echelon.core.documents.grammar import Label, Language
from echelon.core.documents.render import one_line

Kind = Literal["text", "bullets", "items"]
Words = tuple[str, str]  # English, French

_LABELS = {label.key: label for label in grammar.HEADINGS}
SCOPE = _LABELS["scope"]
RISKS = Label("risks", "Risks", "Risques", ("Identified risks", "Risques identifiés"))
BREAKDOWN = Label("breakdown", "Breakdown", "Découpage", ("Items", "Work items", "Backlog"))
CONSTRAINTS = Label("constraints", "Constraints", "Contraintes", ("Technical constraints", "Contraintes techniques"))
DONE = Label("done", "Definition of done", "Définition de fait", ("Definition of done",))
RISK = ("Identified risk: ", "Risque identifié : ")
TITLE = Label("title", "Plan", "Plan", ("Élicitation", "Elicitation", "Spec", "Brief", "Project", "Projet"))


@dataclass(frozen=True, slots=True)
class Question:
    """`placeholder` is what stands in the form until it is answered."""

    key: str
    heading: Label
    kind: Kind
    ask: Words
    placeholder: Words
    required: bool = True
    level: int = 2


QUESTIONS = (
    Question(
        "objective", _LABELS["objective"], "text",
        ("What is to be true at the end, and by which number will one see it?",
         "Que doit-on obtenir à la fin, et à quel chiffre le verra-t-on ?"),
        ("<what is wanted, measurable>", "<ce que l'on veut obtenir, mesurable>"),
    ),
    Question(
        "in_scope", _LABELS["in_scope"], "bullets",
        ("What belongs to it?", "Qu'est-ce qui en fait partie ?"),
        ("<what belongs to it>", "<ce qui en fait partie>"), level=3,
    ),
    Question(
        "out_of_scope", _LABELS["out_of_scope"], "bullets",
        ("What does expressly not belong to it?", "Qu'est-ce qui n'en fait expressément pas partie ?"),
        ("<what does not belong to it>", "<ce qui n'en fait pas partie>"), level=3,
    ),
    Question(
        "constraints", CONSTRAINTS, "bullets",
        ("What is fixed: language, libraries, platforms, rules?",
         "Qu'est-ce qui est imposé : langage, bibliothèques, plateformes, règles ?"),
        ("<what is fixed>", "<ce qui est imposé>"), required=False,
    ),
    Question(
        "risks", RISKS, "bullets",
        ("What could go wrong?", "Qu'est-ce qui pourrait mal tourner ?"),
        ("<what could go wrong>", "<ce qui pourrait mal tourner>"), required=False,
    ),
    Question(
        "done", DONE, "bullets",
        ("What has to hold after every item, and which command shows it?",
         "Qu'est-ce qui doit rester vrai après chaque item, et quelle commande le montre ?"),
        ("<what holds after every item> — guard: `<command>`", "<ce qui vaut après chaque item> — garde : `<commande>`"),
        required=False,
    ),
    Question(
        "breakdown", BREAKDOWN, "items",
        ("Which items, in which order, and how will each of their criteria be checked?",
         "Quels items, dans quel ordre, et comment chacun de leurs critères sera-t-il vérifié ?"),
        ("", ""),
    ),
)  # fmt: skip
BY_KEY = {question.key: question for question in QUESTIONS}
HEADINGS = (SCOPE, *(question.heading for question in QUESTIONS))
SPELLINGS = grammar.spellings(HEADINGS)
OPTIONAL = ("optional", "optionnel")
# Of an item in a plan: what has no place here is the life of the item (status, waiver) and of projects (path).
ITEM_FIELDS = ("priority", "size", "depends", "description", "criteria", "touches", "notes")
ATTEST = Label("attest", "attest", "attestation", ("attested", "à attester"))

_ITEM: dict[str, Words] = {
    "title": ("<title>", "<titre>"),
    "priority": ("<P1 | P2 | P3 | P4>", "<P1 | P2 | P3 | P4>"),
    "size": ("<S | M | L | XL>", "<S | M | L | XL>"),
    "description": ("<one sentence>", "<une phrase>"),
    "check": ("<what has to hold>", "<ce qui doit être vrai>"),
    "command": ("<command that is red before and green after>", "<commande rouge avant, verte après>"),
    "attested": ("<what no command can tell>", "<ce qu'aucune commande ne peut dire>"),
}


def pick(words: Words, language: Language) -> str:
    return words[1] if language == "fr" else words[0]


def heading(question: Question, language: Language) -> str:
    optional = "" if question.required else f" ({pick(OPTIONAL, language)})"
    return f"{'#' * question.level} {question.heading.text(language)}{optional}"


def form(name: str, brief: str, language: Language) -> str:
    """The form to fill in. It is refused as it stands: every placeholder in it is a gap (peer-levels.md W36)."""
    brief = one_line(brief, 2_000)
    rows = [f"# {TITLE.text(language)} — {one_line(name)}", *([f"<!-- {brief} -->"] if brief else []), ""]
    for question in QUESTIONS:
        if question.key == "in_scope":
            rows.append(f"## {SCOPE.text(language)}")
        rows.append(heading(question, language))
        if question.kind == "items":
            rows += _item_form(language)
        else:
            bullet = "- " if question.kind == "bullets" else ""
            rows += [bullet + pick(question.placeholder, language), ""]
    return "\n".join(rows) + "\n"


def _item_form(language: Language) -> list[str]:
    said = {key: pick(words, language) for key, words in _ITEM.items()}
    label = {key: grammar.field(key, language) for key in ITEM_FIELDS}
    check = grammar.CHECK_LABELS["check"].text(language) + grammar.colon(language)
    return [
        f"### B001 — {said['title']}",
        f"- {label['priority']} {said['priority']}",
        f"- {label['size']} {said['size']}",
        f"- {label['depends']} —",
        f"- {label['description']} {said['description']}",
        f"- {label['criteria']}",
        f"  - [ ] {said['check']} — {check} `{said['command']}`",
        f"  - [ ] {said['attested']} — {ATTEST.text(language)}",
    ]


_PROCEDURE: Words = (
    """Nothing is planned here yet. Fill the form in with the person:
1. Read what exists. Put all questions to the person at once, with your proposal for each; ask only what you cannot find out.
2. Propose the breakdown. Each criterion says how it will be checked: check (red before the work, green after), guard (green \
before and after), or attest (no command can tell; a person or a reviewer looks).
3. Wait until the person says yes to the whole. Then call `plan_project` again with `answers`: the form, filled in. Every gap \
comes back with its place; nothing is written before there is none.""",
    """Rien n'est encore planifié ici. Remplis le formulaire avec la personne :
1. Lis ce qui existe. Pose toutes les questions à la personne en une fois, avec ta proposition pour chacune ; ne demande que ce \
que tu ne peux pas trouver.
2. Propose le découpage. Chaque critère dit comment il sera vérifié : preuve (rouge avant le travail, verte après), garde (verte \
avant et après), ou attestation (aucune commande ne peut le dire ; une personne ou un Reviewer regarde).
3. Attends que la personne dise oui à l'ensemble. Rappelle alors `plan_project` avec `answers` : le formulaire rempli. Chaque \
lacune revient avec sa place ; rien n'est écrit tant qu'il en reste une.""",
)


def questionnaire(name: str, brief: str, language: Language) -> str:
    """What an agent is told that calls `plan_project` without answers."""
    asked = [f"- {question.heading.text(language)}: {pick(question.ask, language)}" for question in QUESTIONS]
    if language == "fr":
        asked = [row.replace(": ", " : ", 1) for row in asked]
    body = form(name, brief, language)
    return "\n".join((pick(_PROCEDURE, language), "", *asked, "", "````markdown", body.rstrip("\n"), "````"))
