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
        prompt = f"{safe(step.prompt)} "
        return _line(
            self._session.prompt(prompt, default=suggested, validator=_Answer(step), validate_while_typing=False)
        )


class _Answer(Validator):
    """Says below the line why an answer is none; the line stays to be mended."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def validate(self, document: Document) -> None:
        answer = _line(document.text)
        problem = "" if answer in (BACK, START) else self._step.problem(answer)
        if problem:
            raise ValidationError(len(document.text), safe(problem))


def _back(event: KeyPressEvent) -> None:
    event.app.exit(result=BACK)


def _line(text: str) -> str:
    """Pasted line ends are blanks."""
    return " ".join(text.split("\n")).strip()
