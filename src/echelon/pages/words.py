"""The few words of a page, in English and French. What Echelon says elsewhere (advice, reasons) stays as it was said."""

from __future__ import annotations

from echelon.core.documents.grammar import Language

_WORDS: dict[str, tuple[str, str]] = {
    "report": ("Report", "Rapport"),
    "made": ("Made at {0} (UTC).", "Fait le {0} (UTC)."),
    "counts": (
        "{delivered} of {total} delivered · {active} in progress · {pending} pending · {suspended} suspended · {failed} failed",
        "{delivered} sur {total} livrés · {active} en cours · {pending} à faire · {suspended} suspendus · {failed} échoués",
    ),
    "evidence_counts": (
        "Evidence: {proved} proved · {guarded} guarded · {attested} attested · {none} none",
        "Preuves : {proved} prouvés · {guarded} gardés · {attested} attestés · {none} sans preuve",
    ),
    "pictures": ("Pictures", "Graphiques"),
    "script": (
        "The pictures need JavaScript. Each is described in words, and the tables below hold the same.",
        "Les graphiques demandent JavaScript. Chacun est décrit en mots, et les tableaux plus bas disent la même chose.",
    ),
    "tree": ("Portfolio", "Portefeuille"),
    "capacity": ("Capacity", "Capacité"),
    "gantt": ("Attempts and the critical path", "Tentatives et chemin critique"),
    "coverage": ("Evidence of delivered items", "Preuves des items livrés"),
    "burn_up": ("Delivered over time", "Livraisons dans le temps"),
    "programs": ("programs", "programmes"),
    "projects": ("projects", "projets"),
    "items": ("items", "items"),
    "delivered": ("delivered", "livré"),
    "active": ("in progress", "en cours"),
    "pending": ("pending", "à faire"),
    "suspended": ("suspended", "suspendu"),
    "failed": ("failed", "échoué"),
    "proved": ("proved", "prouvé"),
    "guarded": ("guarded", "gardé"),
    "attested": ("attested", "attesté"),
    "none": ("none", "aucune"),
    "rest": ("the rest", "le reste"),
    "used": ("used", "utilisés"),
    "granted": ("granted", "attribués"),
    "total": ("total", "total"),
    "critical": ("critical path", "chemin critique"),
    "grain_projects": (
        "Too many items for one picture: an area is the items of one state in a project.",
        "Trop d'items pour un graphique : une surface est l'ensemble des items d'un état dans un projet.",
    ),
    "grain_programs": (
        "Too many items for one picture: an area is the items of one state in a program.",
        "Trop d'items pour un graphique : une surface est l'ensemble des items d'un état dans un programme.",
    ),
    "grain_whole": (
        "Too many items for one picture: an area is all the items of one state.",
        "Trop d'items pour un graphique : une surface est l'ensemble des items d'un état.",
    ),
    "slots": ("{0} of {1} slots used.", "{0} emplacements utilisés sur {1}."),
    "share": ("{0}: {1} granted, {2} used", "{0} : {1} attribués, {2} utilisés"),
    "bars": ("{0} attempts on {1} items, from {2} to {3}.", "{0} tentatives sur {1} items, de {2} à {3}."),
    "path": (
        "Critical path, {0} of work: {1}.",
        "Chemin critique, {0} de travail : {1}.",
    ),
    "no_path": ("Nothing is delivered yet, so there is no critical path.", "Rien n'est livré, donc pas de chemin critique."),
    "lanes_out": ("{0} more items were tried and are not drawn.", "{0} autres items tentés ne sont pas dessinés."),
    "bars_out": ("{0} older attempts are not drawn.", "{0} tentatives plus anciennes ne sont pas dessinées."),
    "rows_out": ("{0} projects are drawn as one row.", "{0} projets forment une seule ligne."),
    "shares_out": ("{0} programs are drawn as one.", "{0} programmes forment une seule part."),
    "burned": ("{0} of {1} delivered.", "{0} livrés sur {1}."),
    "undated": ("{0} of them at no recorded time.", "Dont {0} sans date connue."),
    "empty": ("Nothing to draw yet.", "Rien à dessiner pour l'instant."),
    "more": ("{0} more are not shown; echelon status --json lists them.", "{0} de plus, non montrés ; echelon status --json les donne."),
    "where": ("Where things stand", "État"),
    "story": ("What did not go straight", "Ce qui n'est pas allé droit"),
    "records": ("Completion records", "Comptes-rendus"),
    "notes": ("notes", "notes"),
    "follow_up": ("follow-up", "suivi"),
    "no_record": ("no completion record", "pas de compte-rendu"),
    "flights": ("In flight", "En cours"),
    "waits": ("What waits", "Ce qui attend"),
    "decisions": ("Waits for your decision", "Attend votre décision"),
    "overlaps": ("Open slots that change the same files", "Emplacements ouverts qui changent les mêmes fichiers"),
    "next": ("Next", "Ensuite"),
    "id": ("id", "id"),
    "title": ("title", "titre"),
    "state": ("state", "état"),
    "item": ("item", "item"),
    "evidence": ("evidence", "preuve"),
    "checks": ("checks", "vérifications"),
    "attempts": ("attempts", "tentatives"),
    "commit": ("commit", "commit"),
    "ended": ("delivered at", "livré le"),
    "attempt": ("attempt", "tentative"),
    "reason": ("ended as", "fin"),
    "detail": ("detail", "détail"),
    "phase": ("phase", "phase"),
    "since": ("since", "depuis"),
    "code": ("code", "code"),
    "why": ("why", "pourquoi"),
    "depends": ("depends on", "dépend de"),
    "level": ("level", "niveau"),
    "context": ("context", "contexte"),
    "expected": ("expected", "attendu"),
    "paths": ("files", "fichiers"),
    "in_place": ("{0}, in place", "{0}, sur place"),
}  # fmt: skip


class Words:
    """`Words("fr")("slots", 1, 4)`; a key that is not in the table is a mistake of ours and raises KeyError."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, key: str, *values: object, **named: object) -> str:
        english, french = _WORDS[key]
        return (french if self.language == "fr" else english).format(*values, **named)
