"""The questions one at a time, for a terminal. Pure: the answers so far say which question is next, so going back is taking
the last one away, and going on after a break is giving them all again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from echelon.core.documents import grammar
from echelon.core.documents.criteria import COMMAND_LENGTH_MAX, Check, render_check, split_check
from echelon.core.documents.grammar import Language
from echelon.core.documents.render import LINE_MAX, one_line
from echelon.core.planning import questions
from echelon.core.planning.checking import CRITERIA_MAX, OBJECTIVE_MAX, leftover, priority_of, size_of
from echelon.core.planning.questions import ATTEST, BY_KEY, QUESTIONS, SCOPE, Words, heading, pick
from echelon.core.planning.words import say

BACK, START = "<", "<<"
ANSWERS_MAX = 5_000  # of one interview
Problem = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One prompt. `about`: what stands above it, shown when it is another than before; `problem`: why an answer is none, "" when it is."""

    key: str
    about: str
    prompt: str
    problem: Problem
    suggested: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """`text`: the filled form. `agreed`: the person wants it written."""

    text: str
    agreed: bool


_WORDS: dict[str, Words] = {
    "name": ("What is the project called?", "Comment s'appelle le projet ?"),
    "several": ("One answer on each line; an empty line goes on.", "Une réponse par ligne ; une ligne vide passe à la suite."),
    "optional": ("It may be left empty.", "On peut laisser vide."),
    "rule": ("A command may follow it: words — guard: `command`", "Une commande peut suivre : texte — garde : `commande`"),
    "item": ("An empty title ends the breakdown.", "Un titre vide termine le découpage."),
    "title": ("title", "titre"),
    "description": ("one sentence (empty: the title)", "une phrase (vide : le titre)"),
    "priority": ("priority P1 to P4 [{usual}]", "priorité P1 à P4 [{usual}]"),
    "size": ("size S, M, L or XL [{usual}]", "taille S, M, L ou XL [{usual}]"),
    "depends": ("depends on (ids, empty: nothing)", "dépend de (identifiants, vide : rien)"),
    "criterion": ("criterion {number}: what has to hold?", "critère {number} : que doit-il être vrai ?"),
    "further": ("criterion {number} (empty: no more)", "critère {number} (vide : c'est tout)"),
    "command": ("the command that shows it (red before, green after)", "la commande qui le montre (rouge avant, verte après)"),
    "kinds": ("guard: COMMAND for one that is green already and has to stay so; empty: no command can tell, somebody attests.",
              "garde : COMMANDE pour ce qui est déjà vert et doit le rester ; vide : aucune commande ne peut le dire, quelqu'un atteste."),
    "write": ("Write the plan with {number} item(s)? [Y/n]", "Écrire le plan de {number} item(s) ? [O/n]"),
    "needed": ("an answer is needed here", "une réponse est nécessaire ici"),
    "unknown": ("{shown} is none of the items so far ({known}) and not of the form PRJ-001/B003",
                "{shown} n'est aucun des items jusqu'ici ({known}) ni de la forme PRJ-001/B003"),
    "choice": ("one of those, please", "l'un de ceux-là, s'il vous plaît"),
    "yes": ("answer yes or no", "répondre oui ou non"),
}  # fmt: skip
_YES, _NO = frozenset(("", "y", "yes", "o", "oui")), frozenset(("n", "no", "non"))


def replay(given: Sequence[str], language: Language, suggested: tuple[str, str] = ("", "")) -> Step | Finished:
    """What follows on these answers. `suggested`: a name and an objective to begin with."""
    steps = _Conversation(language, suggested).run()
    step = next(steps)
    for answer in given:
        try:
            step = steps.send(answer)
        except StopIteration as end:
            return end.value
    return step


def accepted(given: Sequence[str], language: Language) -> int:
    """How many of these answers, from the first on, are still answers: they may come from an older form."""
    steps = _Conversation(language, ("", "")).run()
    step = next(steps)
    for number, answer in enumerate(given):
        if step.problem(answer):
            return number
        try:
            step = steps.send(answer)
        except StopIteration:
            return number
    return len(given)


class _Conversation:
    def __init__(self, language: Language, suggested: tuple[str, str]) -> None:
        self.language = language
        self.suggested = suggested

    def _say(self, key: str, **fields: object) -> str:
        return pick(_WORDS[key], self.language).format(**fields)

    def run(self) -> Generator[Step, str, Finished]:
        name = yield Step("name", self._say("name"), "#", self._line(), self.suggested[0])
        rows = [f"# {questions.TITLE.text(self.language)} — {one_line(name)}"]
        for question in QUESTIONS:
            if question.key == "in_scope":
                rows.append(f"## {SCOPE.text(self.language)}")
            if question.kind == "text":
                about = pick(question.ask, self.language)
                answer = yield Step(question.key, about, ">", self._line(OBJECTIVE_MAX), self.suggested[1])
                rows += [heading(question, self.language), one_line(answer, OBJECTIVE_MAX)]
            elif question.kind == "bullets":
                answers = yield from self._bullets(question)
                rows += [heading(question, self.language), *answers] if answers else []
        rows.append(heading(BY_KEY["breakdown"], self.language))
        count = yield from self._items(rows)
        text = "\n".join(rows) + "\n"
        said = yield Step("write", text, self._say("write", number=count), self._yes)
        return Finished(text, grammar.fold(said) in _YES)

    def _bullets(self, question: questions.Question) -> Generator[Step, str, list[str]]:
        """Without an answer the question is left out of the form."""
        more = [] if question.required else [self._say("optional")]
        more += [self._say("rule")] if question.key == "done" else []
        about = "\n".join((pick(question.ask, self.language), self._say("several"), *more))
        rows: list[str] = []
        while answer := (yield Step(question.key, about, "-", self._line(empty=bool(rows) or not question.required))):
            rows.append(f"- {answer}")
            if question.key == "done" and split_check(answer)[1] is None:
                rows[-1] += f" — {ATTEST.text(self.language)}"
        return rows

    def _items(self, rows: list[str]) -> Generator[Step, str, int]:
        question = BY_KEY["breakdown"]
        about = "\n".join((pick(question.ask, self.language), self._say("item")))
        known: list[str] = []
        while True:
            name = f"B{len(known) + 1:03}"
            ask = Step("title", "" if known else about, f"{name} {self._say('title')}", self._line(empty=bool(known)))
            title = yield ask
            if not title:
                return len(known)
            rows.append(f"### {name} — {title}")
            yield from self._fields(rows, known, name)
            yield from self._criteria(rows, name)
            known.append(name)

    def _fields(self, rows: list[str], known: list[str], name: str) -> Generator[Step, str, None]:
        asked = (
            ("description", self._line(empty=True), ""),
            ("priority", self._one_of(priority_of), "P2"),
            ("size", self._one_of(size_of), "M"),
            ("depends", self._ids(tuple(known)), ""),
        )
        for key, problem, usual in asked:
            if key == "depends" and not known:
                continue
            answer = (yield Step(key, "", f"{name} {self._say(key, usual=usual)}", problem)) or usual
            if answer:
                rows.append(f"- {grammar.field(key, self.language)} {answer}")

    def _criteria(self, rows: list[str], name: str) -> Generator[Step, str, None]:
        rows.append(f"- {grammar.field('criteria', self.language)}")
        for number in range(1, CRITERIA_MAX + 1):
            ask = self._say("criterion" if number == 1 else "further", number=number)
            words = yield Step("criterion", "", f"{name} {ask}", self._line(empty=number > 1))
            if not words:
                return
            if split_check(words)[1] is not None:  # said with it, as the form has it
                rows.append(f"  - [ ] {words}")
                continue
            about = self._say("kinds") if number == 1 else ""
            said = yield Step("command", about, f"{name} {self._say('command')}", self._command)
            check = _check(said)
            shown = render_check(check, self.language) or f" — {ATTEST.text(self.language)}"
            rows.append(f"  - [ ] {words}{shown}")

    # ------------------------------------------------------------------------------------------------ answers

    def _line(self, most: int = LINE_MAX, *, empty: bool = False) -> Problem:
        def problem(answer: str) -> str:
            words, _, wrong = split_check(answer)
            if not one_line(answer):
                return "" if empty and not answer else self._say("needed")
            if len(one_line(words, most + 1)) > most:
                return say("too_long", self.language, most=most)
            left = leftover(words)
            return say("placeholder", self.language, shown=left) if left else wrong

        return problem

    def _one_of(self, read: Callable[[str], object]) -> Problem:
        return lambda answer: "" if not answer or read(answer) else self._say("choice")

    def _ids(self, known: tuple[str, ...]) -> Problem:
        def problem(answer: str) -> str:
            for token in grammar.dependencies(answer)[0]:
                if token not in known and not grammar.EXTERNAL_ID.fullmatch(token):
                    return self._say("unknown", shown=one_line(token, 40), known=", ".join(known[-10:]))
            return ""

        return problem

    def _command(self, answer: str) -> str:
        check = _check(answer)
        if check is None:
            return "" if not answer.strip() else self._say("needed")
        if len(check.command) > COMMAND_LENGTH_MAX:
            return say("too_long", self.language, most=COMMAND_LENGTH_MAX)
        left = leftover(check.command, command=True)
        return say("placeholder", self.language, shown=left) if left else ""

    def _yes(self, answer: str) -> str:
        return "" if grammar.fold(answer) in _YES | _NO else self._say("yes")


def _check(answer: str) -> Check | None:
    """`command` is a check, `guard: command` a guard, nothing an attestation."""
    word, colon, rest = answer.strip().partition(":")
    kind = grammar.CHECK_WORDS.get(grammar.fold(word)) if colon else None
    command = (rest if kind else answer).strip()
    whole = command.strip("`")
    command = whole.strip() if command.startswith("`") and command.endswith("`") and "`" not in whole else command
    return Check("guard" if kind == "guard" else "check", command) if command else None
