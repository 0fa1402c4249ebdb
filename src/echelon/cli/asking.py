"""One question on a terminal, with the answer of before to edit. The one room that knows prompt_toolkit, imported by
`echelon plan` alone."""

from __future__ import annotations

from prompt_toolkit import PromptSession
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.validation import ValidationError, Validator

from echelon.cli.render import safe
from echelon.core.planning.interview import BACK, START, Step


class Terminal:
    def __init__(self) -> None:
        keys = KeyBindings()
        keys.add("s-tab")(_back)
        self._session: PromptSession[str] = PromptSession(key_bindings=keys)

    def ask(self, step: Step, suggested: str) -> str:
        """The answer on one line, BACK or START. Raises KeyboardInterrupt, and EOFError for Ctrl-D."""
        prompt, check = f"{safe(step.prompt)} ", _Answer(step, suggested)
        return _line(
            self._session.prompt(prompt, default=suggested, validator=check, validate_while_typing=False), suggested
        )


class _Answer(Validator):
    """Says below the line why an answer is none; the line stays to be mended."""

    def __init__(self, step: Step, suggested: str) -> None:
        self._step, self._suggested = step, suggested

    def validate(self, document: Document) -> None:
        answer = _line(document.text, self._suggested)
        problem = "" if answer in (BACK, START) else self._step.problem(answer)
        if problem:
            raise ValidationError(len(document.text), safe(problem))


def _back(event: KeyPressEvent) -> None:
    event.app.exit(result=BACK)


def _line(text: str, suggested: str) -> str:
    """Pasted line ends are blanks; a sign to go back counts too behind what was suggested."""
    behind = text.removeprefix(suggested).strip()
    return behind if behind in (BACK, START) else " ".join(text.split("\n")).strip()
