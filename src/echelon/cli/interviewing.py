"""The interview of `echelon plan`: asks, goes back, and keeps every answer as soon as it is given."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from echelon.cli import render
from echelon.core.documents.grammar import Language
from echelon.core.planning.interview import ANSWERS_MAX, BACK, START, Finished, Step, accepted, replay
from echelon.errors import TamperError
from echelon.slots.places import read_record, write_record

if TYPE_CHECKING:
    from echelon.cli.asking import Terminal

_HELP = {
    "en": "Enter goes on, < (or Shift-Tab) goes back, << goes back to the start, Ctrl-C stops; every answer is kept.",
    "fr": "Entrée continue, < (ou Maj-Tab) revient, << revient au début, Ctrl-C arrête ; chaque réponse est gardée.",
}
_RESUMED = {"en": "Going on after {count} answer(s) of before.", "fr": "On reprend après {count} réponse(s) d'avant."}
STOPPED = {
    "en": "Stopped. Your {count} answer(s) are kept in {path}: echelon plan goes on there.",
    "fr": "Arrêté. Vos {count} réponse(s) sont gardées dans {path} : echelon plan y reprend.",
}


class Answers:
    """What was answered, on disk after each answer; `ahead` is what was taken back, to be offered again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.given: list[str] = []
        self.ahead: list[str] = []
        held: Mapping[str, Any] | None = None
        with contextlib.suppress(TamperError):  # not what we wrote: begin anew
            held = read_record(path)
        held = held or {}
        self.given, self.ahead = _texts(held.get("given")), _texts(held.get("ahead"))

    def add(self, answer: str) -> None:
        self.given.append(answer)
        self.ahead = self.ahead[1:]
        self._keep()

    def back(self, count: int = 1) -> None:
        for _ in range(min(count, len(self.given))):
            self.ahead.insert(0, self.given.pop())
        if count:
            self._keep()

    def again(self) -> None:
        """The last question is asked anew, now or the next time, without its answer."""
        self.given.pop()
        self._keep()

    def _keep(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_record(self.path, {"given": self.given, "ahead": self.ahead})

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def _texts(held: object) -> list[str]:
    return [row for row in held if isinstance(row, str)][:ANSWERS_MAX] if isinstance(held, list) else []


def path_for(state: Path, target: str) -> Path:
    """Where the answers about this project are kept: beside the workspace's slots, not in the workspace."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", target).strip("-")[:80]
    return state / f"plan{'-' if name else ''}{name}.json"


def run(
    terminal: Terminal,
    answers: Answers,
    language: Language,
    suggested: tuple[str, str],
    gaps: Callable[[str], tuple[str, ...]],
) -> str | None:
    """The filled form that the person wants written, None when they do not. Raises KeyboardInterrupt, EOFError."""
    render.say(_HELP[language])
    answers.back(len(answers.given) - accepted(answers.given, language))
    if answers.given:
        render.say(_RESUMED[language].format(count=len(answers.given)))
    shown = ""
    while True:
        step = replay(answers.given, language, suggested)
        if isinstance(step, Finished):
            missing = gaps(step.text) if step.agreed else ()
            if step.agreed and not missing:
                return step.text
            answers.again()
            if not step.agreed:
                return None
            render.say("\n".join(missing))
            step = replay(answers.given, language, suggested)
            assert isinstance(step, Step), "a conversation has a question before its end"
        if step.about and step.about != shown:
            render.say(f"\n{step.about}")
        shown = step.about or shown
        _answer(terminal, answers, step)


def _answer(terminal: Terminal, answers: Answers, step: Step) -> None:
    said = terminal.ask(step, answers.ahead[0] if answers.ahead else step.suggested)
    if said == BACK:
        answers.back()
    elif said == START:
        answers.back(len(answers.given))
    else:
        answers.add(said)
