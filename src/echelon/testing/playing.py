"""A playbook of the scripted host, played by a model in a real OpenCode: the same acts, done with the host's tools.

A prompt that names an item begins an act, a new session is the next attempt; a prompt that names none goes on where
the session stopped. What the person does meanwhile is done in the workspace when its step is reached.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from echelon.core.model import TODO
from echelon.errors import HostError
from echelon.hosts import playbook
from echelon.hosts.playbook import Act, Step
from echelon.hosts.scripted import RUN_SECONDS, git
from echelon.testing.exchange import Asked, Reply, Scenario, call, fail, say

LOOP_MAX = 100  # tool calls that change nothing
REVIEWED, REFUSED = "I looked at every line; the criteria hold.", "REFUSE: the playbook's reviewer refuses"
_IDENTITY = "-c user.name=Agent -c user.email=agent@example.invalid -c commit.gpgsign=false"
_ROLE = re.compile(r"^You are (Planner|Reviewer|Worker|Commander)\b", re.MULTILINE)
_DIRECTORY = re.compile(r"^\s*Working directory: (.+)$", re.MULTILINE)
_MISSION = re.compile(r"^Mission \S+", re.MULTILINE)
_ATTEMPT = re.compile(r"\b(?:attempt|tentative) (\d{1,6})\b")

Attempts = Callable[[Asked, str, int], int]


def attempt_of(asked: Asked, item: str, sessions: int) -> int:
    """The attempt of a worker's first prompt: what the line that names the item says, else how many sessions had it."""
    line = next((line for line in asked.last_user.splitlines() if item in line), "")
    said = _ATTEMPT.search(line)
    return int(said[1]) if said else sessions


def role_of(asked: Asked) -> str:
    """ "Planner", "Reviewer", "Worker", "Commander"; "" when the system prompt is of none of them."""
    found = _ROLE.search(asked.system)
    return found[1] if found else ""


def directory_of(asked: Asked) -> Path | None:
    """Where the session works, as OpenCode tells the model."""
    found = _DIRECTORY.search(asked.system)
    return Path(found[1].strip()) if found else None


def playbook_scenario(playbook_folder: Path, workspace: Path, attempts: Attempts = attempt_of) -> Scenario:
    """A Scenario that plays a playbook; `attempts(asked, item, sessions)` says which attempt a first prompt is.

    Raises what `playbook.load` raises; a playbook that cannot be followed is HostError HOST_FAILED from the scenario.
    """
    return _Player(playbook.load(playbook_folder), workspace, attempts)


@dataclass(slots=True)
class _Play:
    """One session: what is left of its act, and the reply that is under way."""

    item: str
    asked: Asked
    directory: Path
    replies: Iterator[Reply] = field(default_factory=lambda: iter(()))
    reply: Reply = field(default_factory=lambda: say("There is nothing left to do."))
    at: tuple[int, int] = (-1, -1)  # (user messages, tool results) when `reply` was sent
    text: list[str] = field(default_factory=list)
    delay: float = 0.0
    halted: str = ""  # the question that could not be asked
    looped: bool = False


class _Player:
    def __init__(self, book: playbook.Playbook, workspace: Path, attempts: Attempts) -> None:
        self._book, self._workspace, self._attempts = book, workspace, attempts
        self._plays: dict[str, _Play] = {}
        self._sessions: dict[str, int] = {}  # item -> sessions of workers that had it
        self._current: dict[str, int] = {}  # item -> the attempt last begun
        # an item of a portfolio is named by its slot in the playbook, by its key everywhere else
        names = "|".join(re.escape(item).replace(r"\-", "[-/]") for item in sorted(book.acts, key=len, reverse=True))
        self._item = re.compile(rf"\b(?:{names})\b") if names else re.compile(r"(?!)")

    def __call__(self, asked: Asked) -> Reply:
        if asked.is_title or asked.is_compaction:
            return say("What was done so far is in the files.")
        item, role = self._named(asked), role_of(asked)
        if role == "Planner":
            return say("The plan stays as it is.")
        if role == "Reviewer":
            return self._review(item)
        play = self._plays.get(asked.session)
        if play is None or (item and item != play.item):
            if not item:
                return say("No item of the playbook is named, so there is nothing to do.")
            play = self._plays[asked.session] = self._begin(asked, item)
        return self._next(play, asked)

    def _named(self, asked: Asked) -> str:
        """The item of the prompt, else of the contract; as the playbook names it, "" when there is none."""
        contract = _MISSION.search(asked.system)
        found = self._item.search(asked.last_user) or self._item.search(contract[0] if contract else "")
        return found[0].replace("/", "-") if found else ""

    def _review(self, item: str) -> Reply:
        act = self._book.act(item, self._current.get(item, 1))
        return say(REVIEWED if act is not None and act.review == "attest" else REFUSED)

    def _begin(self, asked: Asked, item: str) -> _Play:
        self._sessions[item] = self._sessions.get(item, 0) + 1
        attempt = self._attempts(asked, item, self._sessions[item])
        self._current[item] = attempt
        play = _Play(item, asked, directory_of(asked) or self._workspace)
        act = self._book.act(item, attempt)
        gone = iter((say(f"HALT: the playbook has no attempt {attempt} for {item}"),))
        play.replies = gone if act is None else self._replies(play, act)
        return play

    def _next(self, play: _Play, asked: Asked) -> Reply:
        """The next reply; the same again for a request that is repeated, the last for a session that has ended."""
        users = sum(message.get("role") == "user" for message in asked.messages)
        at = (users, len(asked.tool_results))
        if at != play.at:
            play.at, play.asked = at, asked
            reply = next(play.replies, None)
            if reply is not None:
                text = "\n".join((*play.text, reply.text)).strip()
                play.reply = replace(reply, text=text, delay=play.delay or reply.delay)
                play.text.clear()
                play.delay = 0.0
        return play.reply

    # ------------------------------------------------------------------------------------------------ an act

    def _replies(self, play: _Play, act: Act) -> Iterator[Reply]:
        """All tokens of an act that names them are spent on its last reply."""
        for reply in self._act(play, act):
            yield replace(reply, tokens_in=0, tokens_out=0) if act.tokens else reply
        ends = {"done": f"{play.item} is done.", "gave_up": "HALT: the playbook gives up", "nothing": "I looked at it."}
        end = say(f"HALT: {play.halted}" if play.halted else "Nothing changed." if play.looped else ends[act.claim])
        yield replace(end, tokens_in=act.tokens, tokens_out=act.tokens // 10) if act.tokens else end

    def _act(self, play: _Play, act: Act) -> Iterator[Reply]:
        for step in act.steps:
            if step.verb == "ask" and _is_decided(str(step.value), play.asked.system):
                continue
            if step.verb == "ask" and "question" not in play.asked.tools:
                play.halted = str(step.value)
                return
            yield from self._step(play, step)
            if step.verb == "ask" and any("HALT:" in text for _, text in play.asked.tool_results[-1:]):
                play.halted = str(step.value)  # it was told to ask its caller
                return
            if step.verb == "loop":
                play.looped = True
                return
        yield from self._finish(play, act)

    def _finish(self, play: _Play, act: Act) -> Iterator[Reply]:
        """Tick the boxes and leave the completion record, as an agent does by itself."""
        path = play.directory / TODO
        if not path.exists():
            return
        yield call("read", {"filePath": TODO})
        text = path.read_text("utf-8")
        if (finished := act.finished(text)) != text:
            yield _write(TODO, finished)

    def _step(self, play: _Play, step: Step) -> Iterator[Reply]:
        """The tool calls of a step; `say`, `sleep` and what the person does have none."""
        if step.verb == "say":
            play.text.append(str(step.value))
        elif step.verb == "sleep":
            play.delay += float(step.value)
        elif step.verb in ("person_edits", "person_commits"):
            self._person(step)
        elif step.verb == "loop":
            for turn in range(min(int(step.value), LOOP_MAX)):
                yield _bash(f"echo 'turn {turn + 1}: still thinking'")
        elif step.verb == "ask":
            yield _ask(str(step.value))
        elif step.verb == "outside":  # the person's workspace, which no agent may write to
            yield _write(str(self._workspace / str(step.value)), str(step.options.get("text", "")))
        else:
            yield from self._work(play, step)

    def _work(self, play: _Play, step: Step) -> Iterator[Reply]:
        name, quoted = str(step.value), shlex.quote(str(step.value))
        if step.verb == "write":
            yield _write(name, self._book.content(step))
            if step.options.get("executable"):
                yield _bash(f"chmod 755 {quoted}")
        elif step.verb == "append":
            yield _write(name, _read(play.directory / name) + str(step.options.get("text", "")))
        elif step.verb == "replace":
            yield _replace(play, step)
        elif step.verb == "delete":
            yield _bash(f"rm -f {quoted}")
        elif step.verb == "commit":
            yield _bash(f"git add -A && git {_IDENTITY} commit -q --allow-empty -m {quoted}")
        elif step.verb == "run":
            yield _bash(_with_tools(play.directory, name), float(step.options.get("seconds", RUN_SECONDS)))
        else:  # crash: to the host, an agent whose provider says no for good
            yield fail(400, f"the agent's program died: {step.value}")

    def _person(self, step: Step) -> None:
        path, name = self._workspace / str(step.value), str(step.value)
        content = self._book.content(step, _read(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        if step.verb == "person_commits":
            git(self._workspace, "add", "--", name)
            git(self._workspace, "commit", "-q", "-m", str(step.options.get("message", "edit")), "--", name)


def _write(name: str, content: str) -> Reply:
    return call("write", {"filePath": name, "content": content})


def _bash(command: str, seconds: float = RUN_SECONDS) -> Reply:
    return call("bash", {"command": command, "description": "A step of the playbook", "timeout": int(seconds * 1000)})


def _ask(question: str) -> Reply:
    options = [{"label": word, "description": word} for word in ("Yes", "No")]
    asked: list[dict[str, Any]] = [{"question": question, "header": question[:30], "options": options}]
    return call("question", {"questions": asked})


def _is_decided(question: str, contract: str) -> bool:
    """Whether the contract repeats this question with a person's answer."""
    quoted = " ".join(re.sub(r"^> ?", "", contract, flags=re.MULTILINE).split())
    return f"{' '.join(question.split())} → " in quoted


def _replace(play: _Play, step: Step) -> Reply:
    """An edit; the whole file where the old text stands more than once, which OpenCode's edit refuses."""
    name, old, new = str(step.value), str(step.options.get("old", "")), str(step.options.get("new", ""))
    text = _read(play.directory / name)
    if old and old in new and new in text:
        return _write(name, text)  # done before the kill, as the scripted host sees it
    if not old or old not in text:
        raise HostError("HOST_FAILED", f"the playbook replaces a text that {name} does not hold", "mend the playbook")
    if text.count(old) > 1:
        return _write(name, text.replace(old, new, 1))
    return call("edit", {"filePath": name, "oldString": old, "newString": new})


def _with_tools(directory: Path, command: str) -> str:
    """The command with the slot's own tools first on the PATH, as a person in an activated environment has them."""
    tools = [f"$PWD/{name}" for name in (".venv/bin", "node_modules/.bin") if (directory / name).is_dir()]
    return f'export PATH="{":".join((*tools, "$PATH"))}"; {command}' if tools else command


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
