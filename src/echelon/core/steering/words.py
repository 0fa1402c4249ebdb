"""Words of a question and of a text, so that accents, case, endings and the language of a label do not matter."""

from __future__ import annotations

import re
from functools import lru_cache

from echelon.core.documents import grammar

TERMS_MAX = 24  # words of a question that are looked for
CHARS_MAX = 400  # of a question
_WORD = re.compile(r"(?:prj|pgm)-\d+|[^\W_]+")
_IDENTIFIER = re.compile(r"(b|prj|pgm)-?0*(\d{1,9})")
# English and French: words that every passage has.
_STOP = frozenset({
    "a", "about", "an", "and", "are", "as", "at", "be", "been", "by", "can", "do", "does", "for", "from", "has", "have",
    "how", "if", "in", "is", "it", "its", "item", "items", "may", "must", "no", "not", "of", "on", "or", "shall", "should",
    "that", "the", "their", "there", "this", "to", "was", "were", "what", "when", "where", "which", "who", "why", "will",
    "with",
    "au", "aux", "avec", "ce", "ces", "cet", "cette", "comme", "comment", "d", "dans", "de", "des", "doit", "du", "elle",
    "en", "est", "et", "il", "l", "la", "le", "les", "leur", "mais", "n", "ne", "nous", "ont", "ou", "par", "pas", "pour",
    "qu", "quand", "que", "quel", "quelle", "quelles", "quels", "qui", "s", "sans", "se", "ses", "son", "sont", "sur", "un",
    "une",
})  # fmt: skip
_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ees", "ed", "es", "ee", "er", "e", "s", "x", "y")
_STEM_LEAST = 4
# Ideas of the format and of people's questions: kind -> its words in both languages, folded.
_KINDS = {
    "progress": "progress progression avancement status state statut etat",
    "delivered": "delivered deliveries delivery livre livres livree livraison livraisons",
    "decisions": "decision decisions",
    "depends": "dependency dependencies depends depend dependent dependance dependances dependre",
    "constraints": "constraint constraints contrainte contraintes",
    "scope": "scope perimetre",
    "criteria": "criterion criteria critere criteres acceptance acceptation",
    "objective": "objective objectives goal goals objectif objectifs",
    "risks": "risk risks risque risques",
    "glossary": "glossary glossaire",
    "journal": "journal history historique past passe passes passee passees",
}
_KIND_OF = {word: f"={kind}" for kind, words in _KINDS.items() for word in words.split()}
# Ideas that are said in several words: the definition of done, and what a person decided about an escalation.
_DONE = re.compile(r"\b(?:definition of done|definition de fait|dod)\b")
_DECIDED = re.compile(r"\b(?:escalation decided|status ?: decided|statut ?: decide)\b")


def asked(question: str) -> tuple[str, ...]:
    """What a question asks for, each once: stems, identifiers (`b19`), and kinds (`=criteria`)."""
    folded = grammar.fold(question[:CHARS_MAX])
    found = ["=done"] if _DONE.search(folded) else []
    found += [_term(word) for word in _WORD.findall(_DONE.sub(" ", folded)) if word not in _STOP]
    return tuple(dict.fromkeys(found))[:TERMS_MAX]


def said(text: str, key: str = "") -> frozenset[str]:
    """What a line of a file answers to. `key`: the kind of a heading that the format knows."""
    folded = grammar.fold(text)
    found = {_term(word) for word in _WORD.findall(folded)}
    if key or _DONE.search(folded):
        found.add(f"={key or 'done'}")
    if _DECIDED.search(folded):
        found.add("=decisions")
    return frozenset(found)


def _term(word: str) -> str:
    return identifier(word) or _KIND_OF.get(word) or _stem(word)


def identifier(word: str) -> str:
    """The id that a folded word is, without its zeros: `b019` and `b19` are one. "" for any other word."""
    found = _IDENTIFIER.fullmatch(word)
    return f"{found[1]}{int(found[2])}" if found else ""


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    """A word without its ending: enough to meet its plural, and its verb."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_LEAST:
            return word[: -len(ending)]
    return word
