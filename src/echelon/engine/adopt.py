"""`echelon init`: give a folder the state files it lacks. Never overwrites; again is a no-op."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from echelon.checks.prepare import detect_steps, step_to_json
from echelon.core import config
from echelon.core.documents import render
from echelon.core.documents.grammar import Language
from echelon.core.model import BACKLOG, SPEC
from echelon.engine.workspace import Workspace
from echelon.errors import WorldError
from echelon.ports import Change


@dataclass(frozen=True, slots=True)
class Adopted:
    lines: tuple[str, ...]
    next_step: str


def adopt(folder: Path, language: Language) -> Adopted:
    """Write spec.md, backlog.md and orchestrator.jsonc where they are missing. Raises what the store raises."""
    root = folder.resolve()
    workspace = Workspace(root)
    steps = detect_steps(root)
    wanted = {
        SPEC: render.spec_skeleton(root.name, language),
        BACKLOG: render.backlog_skeleton(root.name, language),
        **settings(workspace, language),
    }
    snapshots = {path: workspace.store.read(path) for path in wanted}
    missing = {path: text for path, text in wanted.items() if snapshots[path].content is None}
    if missing:
        change = Change(
            f"init-{workspace.clock.now()}",
            "person",
            {"action": "init", "arguments": {"language": language}},
            {path: text.encode() for path, text in missing.items()},
            {path: snapshots[path] for path in missing},
            note="echelon init",
        )
        workspace.store.commit(change)
    rows = [f"{'wrote' if path in missing else 'kept '} {path}" for path in wanted]
    if config.PATHS[0] in missing and steps:
        rows.append("found set-up steps: " + "; ".join(json.dumps(step_to_json(step)) for step in steps))
    rows += _repository(workspace)
    if missing:
        return Adopted(
            tuple(rows),
            "echelon plan fills in spec and backlog with you, or write them by hand; commit them, then echelon deliver",
        )
    return Adopted((*rows, "nothing was missing"), "echelon status")


def settings(workspace: Workspace, language: Language) -> dict[str, str]:
    """orchestrator.jsonc with the set-up steps that were found, by its path; empty where there are settings already."""
    if any(workspace.store.read(path).content is not None for path in config.PATHS):
        return {}
    return {config.PATHS[0]: _configuration(language, [step_to_json(step) for step in detect_steps(workspace.root)])}


def _repository(workspace: Workspace) -> list[str]:
    try:
        return [f"base branch: {workspace.branch}"]
    except WorldError as error:
        return [f"note: {error}"]


def _configuration(language: Language, steps: list[dict[str, object]]) -> str:
    shown = json.dumps(steps, indent=2, ensure_ascii=False).replace("\n", "\n  ")
    return (
        "{\n  // Settings of Echelon. Comments are allowed. `echelon config` shows every key and its value; with\n"
        "  // echelon config --schema > .opencode/orchestrator.schema.json an editor completes them, when this file says\n"
        '  // "$schema": "./orchestrator.schema.json".\n'
        f'  "language": "{language}",\n'
        "  // What a clean checkout needs before checks can run in it (link, copy, command).\n"
        f'  "setup": {shown}\n}}\n'
    )
