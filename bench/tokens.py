"""What agents are made to read, in tokens of a real tokenizer (o200k_base, offline; not every model's, but a real one).

The fixture set is tests/fixtures/steering: a spec of 17,000 characters and a backlog of 40 items, English and French.
`reference` is the item of the peer's own figure (peer-slots-steering.md §4.4): a heading and three short criteria, here
with their checks.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rs_bpe import openai

from bench import materials
from bench.timing import Samples, scratch
from echelon.bridge.manifest import manifest
from echelon.bridge.roles import ROLES, offered, prompt
from echelon.core import prompts
from echelon.core.decide import Decision
from echelon.core.documents import entries, sections
from echelon.core.documents.grammar import Language
from echelon.core.posts import LEVELS
from echelon.core.steering.charter import charter
from echelon.core.steering.passages import Document
from echelon.core.steering.search import find

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures" / "steering"
LANGUAGES: tuple[Language, ...] = ("en", "fr")
UPPER = ("EnterpriseCommander", "ProgramCommander", "ProjectCommander")
REFERENCE: Mapping[Language, str] = {
    "en": "### B007 — Sign in with a token\n- Acceptance criteria:\n  - [ ] a valid token answers 200 — check: `pytest -q -k valid`\n"
    "  - [ ] an expired one answers 401 — check: `pytest -q -k expired`\n  - [ ] no token in a log — check: `pytest -q -k log`",
    "fr": "### B007 — Connexion par jeton\n- Critères d'acceptation :\n  - [ ] un jeton valide répond 200 — preuve : `pytest -q -k valide`\n"
    "  - [ ] un jeton expiré répond 401 — preuve : `pytest -q -k expire`\n  - [ ] aucun jeton au journal — preuve : `pytest -q -k journal`",
}

# What agents ask, of each kind; an answer that fills its whole size is among them.
QUESTIONS: Mapping[Language, tuple[str, ...]] = {
    "en": ("technical constraints", "constraint security", "scope", "definition of done", "criteria B023", "dependencies B014",
           "progress", "past deliveries", "decisions", "refund rules voucher", "gangway offline", "payment twice", "session timeout",
           "timetable exceptions tide", "what the captain may do", "no such thing"),
    "fr": ("contraintes techniques", "contrainte sécurité", "périmètre", "définition de fait", "critères B023", "dépendances B014",
           "avancement", "livraisons passées", "décisions", "règles de remboursement avoir", "passerelle hors ligne",
           "paiement deux fois", "expiration de session", "exceptions horaires marée", "ce que peut le capitaine", "introuvable"),
}  # fmt: skip


def measure() -> Samples:
    found: Samples = {"tokens_charter": [], "tokens_block": [], "tokens_block_typical": []}
    for language in LANGUAGES:
        found["tokens_charter"] += [tokens(charter(level, language)) for level in LEVELS]
        found["tokens_block"].append(tokens(block(REFERENCE[language], language)))
        found["tokens_block_typical"].append(statistics.median(_blocks(language)))
    for key, roles in (("worker", ("Planner", "Worker", "Reviewer")), ("commander", ("Commander",)), ("upper", UPPER)):
        found[f"tokens_prompt_{key}"] = [tokens(prompt(role, language)) for role in roles for language in LANGUAGES]
    found["tokens_tools"] = [tools(role) for role in ROLES]
    found["tokens_fixed"] = [tokens(prompt("Worker", each)) + tools("Worker") + tokens(block(REFERENCE[each], each)) for each in LANGUAGES]  # fmt: skip
    found["tokens_access"] = [_access(language, question) for language in LANGUAGES for question in QUESTIONS[language]]
    found["tokens_green"] = _answers()
    return {key: sorted(taken, reverse=True)[:1] for key, taken in found.items()}  # the dearest of a kind counts


def tokens(text: str) -> float:
    return float(_tokenizer().count(text))


def block(item: str, language: Language) -> str:
    """What stands on top of context.md while the item is in flight."""
    mission: Any = SimpleNamespace(definition=SimpleNamespace(done=()))
    return sections.inject_block("", prompts.block(mission, item, language))


def tools(role: str) -> float:
    """Of the tool definitions in the role's requests, as they go over the wire."""
    shown = {tool["name"]: tool for tool in manifest("/slots")["tools"]}
    return sum(tokens(_wire(shown[action.name])) for action in offered(ROLES[role]))


def _wire(tool: Mapping[str, Any]) -> str:
    function = {"name": tool["name"], "description": tool["description"], "parameters": tool["schema"]}
    return json.dumps({"type": "function", "function": function}, ensure_ascii=False, separators=(",", ":"))


def _blocks(language: Language) -> list[float]:
    backlog = entries.parse((FIXTURES / language / "backlog.md").read_text("utf-8"))
    return [tokens(block(backlog.section(entry.id), language)) for entry in backlog.entries]


def _access(language: Language, question: str) -> float:
    files = [
        Document(f".opencode/{path.name}", path.read_text("utf-8")) for path in sorted((FIXTURES / language).iterdir())
    ]
    called = json.dumps({"name": "steering_find", "arguments": {"terms": question}}, ensure_ascii=False)
    return tokens(called) + tokens(find(files, question).message)


def _answers() -> list[float]:
    """Of a verdict and of a close, all green, on a real delivery of one item."""
    with scratch() as folder:
        home = folder / "home"
        home.mkdir()
        root = materials.workspace(folder / "repo", materials.checked_items(1))
        materials.repository(root, home, files=1)
        engine = materials.engine(root, home)
        engine.start("B001")
        mission = engine.world().mission("B001")
        assert mission is not None
        slot = Path(engine.slot_path(mission))
        (slot / "B001.txt").write_text("done\n", "utf-8")
        todo = slot / ".opencode/todo.md"
        todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")
        answers = engine.verify("B001"), engine.close("B001")
        assert all(isinstance(answer, Decision) for answer in answers), answers
        return [tokens(answer.message) for answer in answers if isinstance(answer, Decision)]


@cache
def _tokenizer() -> openai.Tokenizer:
    return openai.o200k_base()
