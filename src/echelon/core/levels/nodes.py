"""What the lives of projects and programs share: which one is meant, may it move, marker and journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from echelon.core import eligibility, states
from echelon.core.decide import Refusal, refuse
from echelon.core.documents import entries, render, waiver
from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.grammar import State
from echelon.core.evidence import Problem
from echelon.core.levels import journals
from echelon.core.levels.journals import Writes
from echelon.core.model import World

PAST = {"fail": "failed", "suspend": "suspended", "resume": "resumed", "reopen": "reopened", "waive": "waived"}
REASONED = ("fail", "suspend", "reopen", "waive")


@dataclass(frozen=True, slots=True)
class Node:
    """One level's list: the entries of a program.md (projects) or of enterprise.md (programs)."""

    noun: str  # "project" or "program"
    path: str
    document: EntriesDocument
    table: Mapping[tuple[State, str], State]
    held: Mapping[str, str]  # id -> pending escalation; "" -> one that holds all

    def missing(self) -> Refusal:
        word = self.noun.upper()
        return refuse(f"{word}_NOT_ACTIVE", f"no {self.noun} is active in {self.path}", prefix=f"NO {word} ACTIVE")


def meant(node: Node, identifier: str | None, asked: str) -> Entry | Refusal:
    """The entry a request is about, which the table allows to move; without an id the only active one."""
    active = [entry for entry in node.document.entries if entry.state is State.ACTIVE]
    if identifier is None and not active:
        return node.missing()
    if identifier is None and len(active) > 1:
        return refuse("ITEM_AMBIGUOUS", *(f"{entry.id} — {entry.title}" for entry in active))
    entry = active[0] if identifier is None else node.document.find(identifier)
    if entry is None:
        return refuse(f"{node.noun.upper()}_UNKNOWN", f"{node.path} has no {node.noun} {(identifier or '')[:40]}")
    if entry.id in node.document.duplicates or entry.broken:
        return refuse("ENTRY_BROKEN", f"{entry.id} has errors in {node.path}")
    allowed = states.step(entry.id, entry.state, asked, node.table)
    return allowed if isinstance(allowed, Refusal) else entry


def candidates(node: Node) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """(entries that could start, in order; why each other pending one cannot)."""
    whole = node.held.get("", "")
    held = {entry.id: whole for entry in node.document.entries} if whole else dict(node.held)
    eligible, obstacles = eligibility.select(node.document, {}, held)
    return eligible, eligibility.explain(obstacles, node.document)


def obstacles(node: Node, entry: Entry) -> list[Problem]:
    whole = node.held.get("", "")
    held = {entry.id: whole} if whole else node.held
    return [Problem(row.code, row.message) for row in eligibility.obstacles_of(entry, node.document, {}, held)]


def barred(problems: Sequence[Problem]) -> Refusal:
    """Why the entry that was named does not start: with the code of the problem when all have the same."""
    codes = {row.code for row in problems}
    if len(codes) == 1:
        return refuse(problems[0].code, *(row.message for row in problems))
    return refuse("ITEM_NOT_ELIGIBLE", *(f"[{row.code}] {row.message}" for row in problems))


def nothing(node: Node, reasons: tuple[str, ...], told: Sequence[Problem] = ()) -> Refusal:
    """Why no entry starts; "complete" is said only when every one is delivered or waived (W8).

    `told`: what is wrong with those that could start otherwise; it names the refusal when it is the only thing.
    """
    found = node.document.entries
    if found and all(entry.settled for entry in found):
        return refuse("PROGRAM_COMPLETE" if node.noun == "project" else "ENTERPRISE_COMPLETE")
    if not found:
        return refuse("NOTHING_ELIGIBLE", f"{node.path} lists no {node.noun}", next_step="see docs/FORMAT.md")
    rest = tuple(
        f"{entry.id} is {entry.state.value}"
        for entry in found
        if entry.state in (State.FAILED, State.SUSPENDED, State.ACTIVE) and not entry.settled
    )
    codes = {problem.code for problem in told}
    code = told[0].code if len(codes) == 1 and not reasons else "NOTHING_ELIGIBLE"
    reasons = (*(problem.message for problem in told), *reasons)
    return refuse(code, *reasons, *rest[: eligibility.SHOWN_MAX])


def flipped(world: World, node: Node, entry: Entry, state: State, kind: str, words: str, now: str) -> Writes:
    """The list with the entry's new marker and one more line in its journal."""
    before = waiver.without(node.document, entry.id) if kind == "reopened" else node.document
    document = entries.set_state(before, entry.id, state)
    writes: Writes = {node.path: document.text}
    said = f"{entry.id} — {words}"
    journals.add(writes, world, node.path, f"{node.noun}_{kind}", said, now, node.document.language)
    return writes


def changed(world: World, node: Node, entry: Entry, verb: str, reason: str, now: str) -> Writes | Refusal:
    """The list after fail, suspend, resume, reopen or waive."""
    if verb == "waive":
        return _waived(world, node, entry, reason, now)
    return flipped(world, node, entry, node.table[entry.state, verb], PAST[verb], reason or entry.title, now)


def _waived(world: World, node: Node, entry: Entry, reason: str, now: str) -> Writes | Refusal:
    if entry.waived:
        return refuse("ARGUMENT_MISSING", f"{entry.id} is waived already")
    document = entries.waive(node.document, entry.id, f"{reason} ({now[:10]})")
    writes: Writes = {node.path: document.text}
    said = f"{entry.id} — {reason}"
    journals.add(writes, world, node.path, f"{node.noun}_waived", said, now, node.document.language)
    return writes


def spoken(verb: str, reason: str) -> str | Refusal:
    """The reason as one line, which some verbs need."""
    words = render.one_line(reason)
    return words if words or verb not in REASONED else refuse("ARGUMENT_MISSING", "say why: reason")
