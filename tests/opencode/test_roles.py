"""What reaches the model: roles in the language of the workspace, a person's own text, the contract with its charter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench import limits, tokens

from echelon.actions.table import ACTIONS
from echelon.bridge.roles import MARK, prompt
from echelon.core.steering.charter import charter
from echelon.testing.model import Asked, Reply, call, say
from opencode_chain import House
from workspaces import Shop

FRENCH = (
    "# Backlog\n\n### B001 — La caisse\n- Priorité : P1\n- Taille : S\n- Statut : [ ]\n- Dépend de : —\n"
    "- Critères d'acceptation :\n  - [ ] la caisse compte juste,\n    même à midi — preuve : `test -f caisse.txt`\n"
)


def scenario(asked: Asked) -> Reply:
    """ProjectCommander starts the item and calls a Commander, who calls a Worker; then everybody is done."""
    plan: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "ProjectCommander": [("backlog_start_item", {}), ("task", _task("Commander", "B001"))],
        "Commander": [("task", _task("Worker", "la caisse"))],
    }
    role = next((name for name in (*plan, "Worker") if f"Tu es {name}." in asked.system), "Worker")
    steps = plan.get(role, [])
    return call(*steps[len(asked.tool_results)]) if len(asked.tool_results) < len(steps) else say("HALT: assez vu")


def _task(agent: str, text: str) -> dict[str, Any]:
    return {"subagent_type": agent, "description": text, "prompt": text}


def test_the_files_language_the_persons_text_and_the_contract_reach_the_models(tmp_path: Path, house: House) -> None:
    own = "Moi, je fais les choses simplement."
    shop = Shop.make(tmp_path, FRENCH, {}, {".opencode/roles/Worker.md": own})
    with house.stage(shop, scenario) as stage:
        stage.ask("livre le backlog")
        systems = {asked.system for asked in stage.model.requests if not asked.is_title}
        sent = next(asked.raw["tools"] for asked in stage.model.requests if own in asked.system)
    project = next(text for text in systems if "Tu es ProjectCommander." in text)
    assert prompt("ProjectCommander", "fr").removesuffix(MARK) in project
    commander = next(text for text in systems if "Tu es Commander." in text)
    worker = next(text for text in systems if own in text)
    assert not any("Tu es Worker." in text for text in systems)
    for text in (commander, worker):
        assert "  - [ ] la caisse compte juste,\n    même à midi — preuve : `test -f caisse.txt`" in text
        assert charter("mission", "fr") in text
        assert MARK not in text
        # what holds comes first, so that a provider's cache keeps it
        assert text.index("La caisse") > text.index("Tu es Commander." if text is commander else own)
    tools = [tool for tool in sent if tool["function"]["name"] in ACTIONS]
    assert [tool["function"]["name"] for tool in tools] == ["steering_find"]
    ours = worker[worker.index(own) : worker.index(charter("mission", "fr"))] + charter("mission", "fr")
    assert tokens.tokens(ours + json.dumps(tools, ensure_ascii=False)) <= limits.LIMITS["tokens_fixed"]
