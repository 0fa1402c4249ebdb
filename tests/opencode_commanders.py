"""The commanders of a portfolio in parallel, played by a model that follows its role's prompt.

It decides from what it is shown and from nothing else: the prompt, the system prompt, and the answers to its own calls
since the prompt. So a session that is opened again for the same thing goes on where the files are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from echelon.testing.model import Asked, Reply, Scenario, call, calls, say, text_of
from opencode_chain import item_in, labelled, role

CALLS_MAX = 3  # "the same refusal came three times"
SLOTS = 2  # items of one project at once
SHOWN = 1_500
WAITS = re.compile(r"waits for (?:a|your|the) (?:decision|person)")
Act = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Said:
    """A call since the prompt, with its answer."""

    tool: str
    given: Mapping[str, Any]
    text: str


def exchange(asked: Asked) -> list[Said]:
    last = max((at for at, one in enumerate(asked.messages) if one.get("role") == "user"), default=0)
    made: dict[str, tuple[str, Mapping[str, Any]]] = {}
    found: list[Said] = []
    for one in asked.messages[last:]:
        for row in one.get("tool_calls") or ():
            made[row["id"]] = row["function"]["name"], json.loads(row["function"]["arguments"] or "{}")
        if one.get("role") == "tool":
            found.append(Said(*made[one["tool_call_id"]], text_of(one)))
    return found


def halted(text: str) -> str:
    """The question or reason after the last line that begins with HALT:, "" for none."""
    found = re.findall(r"^HALT: (.+?)(?:\n</task_result>|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[-1].strip() if found else ""


def task(agent: str, prompt: str) -> Act:
    return "task", {"subagent_type": agent, "description": prompt.split("\n", 1)[0][:60], "prompt": prompt}


@dataclass(frozen=True)
class Upper:
    """What EnterpriseCommander and ProgramCommander have in common: the words of their tools, and whom they call."""

    level: str
    noun: str
    agent: str
    key: str
    start: Mapping[str, Any]

    def ends(self, verb: str, name: str) -> Act:
        suffix = "_parallel" if verb == "close" else ""
        return f"{self.level}_{verb}_{self.noun}{suffix}", {f"{self.noun}_id": name}

    def begins(self, asked: Asked) -> Act:
        file = labelled(asked.last_user, "program_file") if self.level == "program" else ""
        more = {"program_file": file} if file else {}
        return f"{self.level}_start_{self.noun}s_parallel", {**self.start, **more}


ENTERPRISE = Upper("enterprise", "program", "ProgramCommander", r"PGM-\d+", {})
PROGRAM = Upper("program", "project", "ProjectCommander", r"PRJ-\d+", {"max_projects": 9, "slots_per_project": SLOTS})


@dataclass
class _Below:
    """What an upper commander knows of one that it called: the next step with it, and its last words."""

    step: str
    prompt: str = ""
    words: str = ""
    called: int = 0


@dataclass
class Commanders:
    """`staff` plays Workers and Reviewers. Commanders of missions do not verify: the close finds out."""

    staff: Scenario
    roles: set[str] = field(default_factory=set)

    def __call__(self, asked: Asked) -> Reply:
        self.roles.add(name := role(asked))
        rows = exchange(asked)
        match name:
            case "EnterpriseCommander":
                return self._upper(asked, rows, ENTERPRISE)
            case "ProgramCommander":
                return self._upper(asked, rows, PROGRAM)
            case "ProjectCommander":
                return self._project(asked, rows)
            case "Commander":
                if not rows:
                    return calls([task("Worker", "Do the work of the contract.")])
                question = halted(rows[-1].text)
                return say(f"I cannot go on.\nHALT: {question}" if question else "The staff is done.")
        return self.staff(asked)

    # ------------------------------------------------------------------------------------ programs and projects

    def _upper(self, asked: Asked, rows: list[Said], upper: Upper) -> Reply:
        below, left, again = self._seen(rows, upper), "", not rows
        for row in rows:
            if row.tool.startswith(f"{upper.level}_start"):
                left, again = row.text, False
            again = again or "CLOSED" in row.text
        ending = [upper.ends(each.step, name) for name, each in below.items() if each.step in ("verify", "close")]
        if ending:
            return calls(ending)
        if whom := [task(upper.agent, each.prompt) for each in below.values() if each.step == "call"]:
            return calls(whom)
        if again:
            return calls([upper.begins(asked)])
        return say("\n".join((*(f"{name}: {each.words}" for name, each in below.items()), left))[:SHOWN])

    def _seen(self, rows: list[Said], upper: Upper) -> dict[str, _Below]:
        below: dict[str, _Below] = {}
        for row in rows:
            if row.tool.startswith(f"{upper.level}_start"):
                self._started(row.text, upper, below)
                continue
            text = row.given.get("prompt") or row.given.get(f"{upper.noun}_id") or ""
            found = re.search(upper.key, text)
            each = below.get(found[0]) if found else None
            if found is None or each is None:
                continue
            if row.tool == "task":
                each.step, each.words, each.called = "verify", row.text[:SHOWN], each.called + 1
            elif "_verify_" in row.tool:
                each.step = self._judged(found[0], row.text, each)
            elif "CLOSED" in row.text:
                del below[found[0]]
            else:
                each.step, each.words = "wait", row.text[:SHOWN]
        return below

    def _started(self, text: str, upper: Upper, below: dict[str, _Below]) -> None:
        for block in text.split("\n---\n"):
            if found := re.search(rf"^STARTED ({upper.key})", block, re.MULTILINE):
                below[found[1]] = _Below("call", f"{found[1]}\n{block}")
        for name in re.findall(rf"\b({upper.key}) is active", text):  # it was called before, by another turn
            below.setdefault(name, _Below("call", f"{name}: deliver what is left of it."))

    def _judged(self, name: str, text: str, each: _Below) -> str:
        if "ready to close" in text:
            return "close"
        if WAITS.search(text + each.words) or each.called >= CALLS_MAX:
            return "wait"
        each.prompt = f"{name} is not complete:\n{text}"
        return "call"

    # --------------------------------------------------------------------------------------------------- items

    def _project(self, asked: Asked, rows: list[Said]) -> Reply:
        about = re.search(r"\(backlog_path: (\S+)\)", asked.system)
        path = labelled(asked.last_user, "backlog_path") or (about[1] if about else "")
        flying, left = self._items(rows)
        ending = list(self._ended(flying, path))
        if ending:
            return calls(ending)
        if not left:
            return call("parallel_start_item", {"backlog_path": path, "max_slots": SLOTS})
        if decided := re.search(r"\b(B\d+) is suspended; \S+ is decided", left):
            return call("backlog_resume_item", {"itemId": decided[1], "backlog_path": path})
        fresh = [task("Commander", words) for step, words in flying.values() if step == "fresh"]
        return calls(fresh) if fresh else say(left[:SHOWN])

    def _ended(self, flying: Mapping[str, tuple[str, str]], path: str) -> Iterator[Act]:
        for name, (step, words) in flying.items():
            if step == "worked":
                yield "parallel_close_item", {"backlog_path": path, "item_id": name}
            elif step == "asked":
                yield "record_escalation", {
                    "item": name, "context": words, "attempts": "The spec does not say it.",
                    "option1_label": "answer", "option2_label": "give up", "expected_decision": words,
                }  # fmt: skip

    def _items(self, rows: list[Said]) -> tuple[dict[str, tuple[str, str]], str]:
        """Item -> (fresh, worked, asked; the prompt or the question), and what refused the last start, "" if nothing."""
        flying: dict[str, tuple[str, str]] = {}
        left, gone = "", set[str]()
        for row in rows:
            name = item_in(
                str(row.given.get("prompt") or row.given.get("item_id") or row.given.get("item") or row.text)
            )
            if row.tool == "parallel_start_item":
                left = "" if row.text.startswith("STARTED") else row.text
                names = re.findall(r"\b(B\d+) is in flight", left) if left else [name]
                for one in names:
                    if one not in gone:
                        flying.setdefault(one, ("fresh", f"Deliver {one}"))
            elif row.tool == "task":
                question = halted(row.text)
                flying[name] = ("asked", question) if question else ("worked", "")
            elif row.tool == "parallel_close_item" and "give the Commander these reasons" in row.text:
                flying[name] = ("fresh", f"Deliver {name}. It was refused:\n{row.text}")
            elif row.tool in ("parallel_close_item", "record_escalation"):
                flying.pop(name, None)
                left = ""
                gone |= set() if row.text.startswith(("CLOSED", "ESCALATION")) else {name}
            else:
                left = ""
        return flying, left
