"""Real-looking backlogs of any length, in English and French, with what a reader must find in them.

Deterministic: the same count, language and seed give the same bytes. Written from a small vocabulary of a web shop's
work, with everything the format allows: wrapped criteria, nested bullets, notes, checks and guards, free prose.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "fr"]
SIZES = (1, 50, 2000)

_TITLES = {
    "en": ("Login endpoint", "Cart total", "Export as CSV", "Rate limit of the API", "C# client", "Search: accents"),
    "fr": ("Écran de connexion", "Total du panier", "Export CSV", "Débit de l'API", "Client C#", "Recherche : accents"),
}
_WORDS = {
    "en": ("a wrong password answers 401", "totals match the fixture", "the list is paged by 50", "an empty file is refused"),
    "fr": ("un mauvais mot de passe répond 401", "les totaux suivent la fixture", "la liste est paginée par 50",
           "un fichier vide est refusé"),
}  # fmt: skip
_PROSE = {
    "en": (
        "Reuse the crypto helper.",
        "See the talk of the 3rd; prices are in cents.",
        "Ask Zoë — she knows the tax rules.",
    ),
    "fr": (
        "Réutiliser l'aide crypto.",
        "Voir l'échange du 3 ; prix en centimes.",
        "Demander à Zoë — elle connaît les taxes.",
    ),
}
_LABELS = {
    "en": ("Priority:", "Size:", "Status:", "Depends on:", "Description:", "Acceptance criteria:", "Technical notes:", "check:", "guard:"),
    "fr": ("Priorité :", "Taille :", "Statut :", "Dépend de :", "Description :", "Critères d'acceptation :", "Notes techniques :",
           "preuve :", "garde :"),
}  # fmt: skip
_LEGEND = {
    "en": "## Legend\nPriority: P1 (critical) → P4 (optional)\nSize: S (<2h) | M (2-4h) | L (4-8h) | XL (>8h)\n"
    "Status: [ ] to do | [/] in progress | [x] delivered | [-] failed | [~] suspended\n\n---\n\n",
    "fr": "## Légende\nPriorité : P1 (critique) → P4 (optionnel)\nTaille : S (<2h) | M (2-4h) | L (4-8h) | XL (>8h)\n"
    "Statut : [ ] à faire | [/] en cours | [x] livré | [-] annulé | [~] suspendu\n\n---\n\n",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What a reader must find: `criteria` are (words, "check" | "guard" | "", command)."""

    id: str
    title: str
    priority: int
    size: str
    marker: str
    depends: tuple[str, ...]
    criteria: tuple[tuple[str, str, str], ...]


def rows(count: int, language: Language, seed: int = 0) -> tuple[Row, ...]:
    dice = random.Random(f"{count} {language} {seed}")
    found: list[Row] = []
    for number in range(1, count + 1):
        waits = tuple(
            dict.fromkeys(row.id for row in dice.sample(found[-8:], min(len(found), dice.choice((0, 0, 1, 2)))))
        )
        if dice.random() < 0.03:
            waits = (*waits, f"PRJ-00{dice.randint(1, 9)}/B{dice.randint(1, 99):03d}")
        criteria = tuple(_criterion(dice, language, number) for _ in range(dice.randint(1, 4)))
        title = f"{dice.choice(_TITLES[language])} {number}"
        if dice.random() < 0.1:
            title = dice.choice(_TITLES[language])
        marker = dice.choice("   x~-" if number > 1 else " ")
        found.append(
            Row(
                f"B{number:03d}", title, dice.randint(1, 4), dice.choice(("S", "M", "L", "XL")), marker, waits, criteria
            )
        )
    return tuple(found)


def _criterion(dice: random.Random, language: Language, number: int) -> tuple[str, str, str]:
    kind = dice.choice(("check", "check", "guard", ""))
    command = (
        f"pytest -q tests/test_{number}.py -k 'case and not slow'" if dice.random() < 0.8 else "sh -c 'echo `date`'"
    )
    return dice.choice(_WORDS[language]), kind, command if kind else ""


def text(given: tuple[Row, ...], language: Language, seed: int = 0) -> str:
    """The file. Free parts vary from item to item; what decides is in canonical form."""
    dice = random.Random(f"text {seed}")
    return f"# Backlog — Webshop\n\n{_LEGEND[language]}" + "".join(_entry(row, language, dice) for row in given)


def _entry(row: Row, language: Language, dice: random.Random) -> str:
    priority, size, status, depends, description, criteria, notes, check, guard = _LABELS[language]
    lines = [
        f"### {row.id} — {row.title}", f"- {priority} P{row.priority}", f"- {size} {row.size}", f"- {status} [{row.marker}]",
        f"- {depends} {', '.join(row.depends) or '—'}",
    ]  # fmt: skip
    if dice.random() < 0.7:
        lines.append(f"- {description} {dice.choice(_PROSE[language])}")
        if dice.random() < 0.3:
            lines.append(f"  {dice.choice(_PROSE[language])}")
    lines.append(f"- {criteria}")
    for words, kind, command in row.criteria:
        ticks = "``" if "`" in command else "`"
        tail = f" — {check if kind == 'check' else guard} {ticks}{command}{ticks}" if kind else ""
        wrapped = words.replace(" ", "\n    ", 1) if dice.random() < 0.1 else words
        lines.append(f"  - [ ] {wrapped}{tail}")
    if dice.random() < 0.3:
        lines.append(f"- {notes} {dice.choice(_PROSE[language])}")
    if dice.random() < 0.1:
        lines += (
            ["", "#### Détails", "Du texte libre.", "- un point", ""]
            if language == "fr"
            else ["", "#### Details", "Prose.", "- a point"]
        )
    return "\n".join(lines) + "\n\n"


def backlog(count: int, language: Language, seed: int = 0) -> str:
    return text(rows(count, language, seed), language, seed)
