"""Worlds made from nothing but a dict of texts, and decisions applied to it: the engine without files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from echelon.core import canonical, evidence_log
from echelon.core import requests as ask_
from echelon.core.assembling import assemble
from echelon.core.config import Config
from echelon.core.decide import Decision, Refusal
from echelon.core.documents import entries
from echelon.core.evidence import CheckResult, Run
from echelon.core.levels import decide
from echelon.core.model import (
    BACKLOG,
    EVIDENCE,
    SPEC,
    BaseFacts,
    Mission,
    World,
)

Files = dict[str, str]
T = TypeVar("T")
BASE = BaseFacts("b" * 40)
CANDIDATE = "c" * 40


def world(files: Mapping[str, str], config: Config | None = None) -> World:
    """As engine/world.py makes one, without a store."""
    return assemble(Texts(files), config or Config({})).world


class Texts:
    """A dict as a source of texts; everything in it counts as written by Echelon."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def text(self, path: str) -> str | None:
        return self._files.get(path)

    def problem(self, path: str) -> str:
        return ""

    def digest(self, path: str) -> str:
        text = self._files.get(path)
        return "absent" if text is None else canonical.text_digest(text)

    def written(self, path: str) -> str:
        return self.digest(path) if path in self._files else ""

    def parsed(self, kind: str, digest: str, text: str, parser: Callable[[str], T]) -> T:
        return parser(text)


def applied(files: Mapping[str, str], decision: Decision) -> Files:
    """The texts after the decision's writes; they survive the way to the disk and back."""
    after = dict(files)
    for path, text in decision.writes.items():
        if text is None:
            after.pop(path, None)
        else:
            after[path] = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    if decision.backlog is not None and BACKLOG in after:
        assert decision.backlog.text == after[BACKLOG]
        assert decision.backlog.entries == entries.parse(after[BACKLOG]).entries
    return after


def ask(files: Mapping[str, str], request: ask_.Request, now: str, config: Config | None = None) -> Files:
    """Decide and apply; the decision must not be a refusal."""
    decided = decide(world(files, config), request, now)
    assert isinstance(decided, Decision), str(decided)
    return applied(files, decided)


def refused(files: Mapping[str, str], request: ask_.Request, now: str, config: Config | None = None) -> Refusal:
    decided = decide(world(files, config), request, now)
    assert isinstance(decided, Refusal), decided.message
    return decided


def run(outcome: str = "green", counts: tuple[int, int, int] | None = None, tail: str = "") -> Run:
    code = {"green": 0, "red": 1}.get(outcome)
    assert outcome in ("green", "red", "could_not_run")
    return Run(outcome, "" if code is not None else "not_found", code, 0.5, tail, "d" * 64, "none", counts)


def results(mission: Mission) -> tuple[CheckResult, ...]:
    """What a good piece of work gives: checks red then green, guards green twice."""
    return tuple(
        CheckResult(check, run("red" if check.kind == "check" else "green"), run())
        for check in mission.definition.checks
    )


def findings(mission: Mission, **changes: object) -> ask_.Findings:
    """What the shell sees of a good piece of work, or of one with the changes named."""
    values: dict[str, object] = {
        "base": BASE, "tree": "t" * 40, "work_tree": "w" * 40, "changed": ("src/a.py",), "results": results(mission),
        "todo": f"<!-- echelon:mission {mission.name} -->\n- [x] done\n",
    }  # fmt: skip
    return ask_.Findings(**{**values, **changes})  # type: ignore[arg-type] - named by their tests


def closing(files: Mapping[str, str], item: str, **changes: object) -> ask_.CloseItem:
    """The request that closes an item in flight with the evidence of good work."""
    mission = world(files).mission(item)
    assert mission is not None
    line, digest = evidence_log.line(files.get(EVIDENCE), "closing", "2026-01-01T00:00:00.000Z", {"item": item})
    return ask_.CloseItem(findings(mission, **changes), item, CANDIDATE, line, digest)


def two_items(language: str = "en") -> Files:
    """A spec and two items: the first with a check and an attested criterion, the second waits for the first."""
    if language == "fr":
        backlog = (
            "# Backlog — W\n\n### B001 — Premier\n- Priorité : P1\n- Taille : S\n- Statut : [ ]\n- Dépend de : —\n- Critères d'acceptation :\n"
            "  - [ ] passe — preuve : `true`\n  - [ ] se lit bien\n\n### B002 — Second\n- Priorité : P2\n- Taille : M\n- Statut : [ ]\n"
            "- Dépend de : B001\n- Critères d'acceptation :\n  - [ ] passe aussi — preuve : `test -f b`\n"
        )
    else:
        backlog = (
            "# Backlog — W\n\n### B001 — First\n- Priority: P1\n- Size: S\n- Status: [ ]\n- Depends on: —\n- Acceptance criteria:\n"
            "  - [ ] passes — check: `true`\n  - [ ] reads well\n\n### B002 — Second\n- Priority: P2\n- Size: M\n- Status: [ ]\n"
            "- Depends on: B001\n- Acceptance criteria:\n  - [ ] passes too — check: `test -f b`\n"
        )
    return {SPEC: "# Spec — W\n\n## Objective\nOne.\n", BACKLOG: backlog}


def digest(files: Mapping[str, str]) -> str:
    return canonical.digest(dict(files))
