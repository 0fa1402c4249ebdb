"""echelon plan"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click

from echelon.actions import planning
from echelon.cli import interviewing, opening, render
from echelon.cli.interviewing import Answers
from echelon.core.decide import Refusal
from echelon.core.documents.grammar import Language
from echelon.core.documents.render import one_line
from echelon.core.planning import questions, reading
from echelon.engine import planning as engine_planning
from echelon.engine.engine import Engine
from echelon.engine.workspace import Workspace, find_workspace
from echelon.errors import InputError, WorldError

BRIEF_MAX = 2_000
_NO_TERMINAL = (
    "there is no terminal to ask in. Fill in a form: echelon plan --template > answers.md, then "
    "echelon plan --answers answers.md"
)


@click.command(
    name="plan",
    help="From a brief to a spec and a backlog: asks on a terminal, or reads a filled form. Writes nothing while there is a gap, "
    "and never over a backlog.",
)
@click.argument("brief", required=False, default="")
@click.option(
    "--answers", "source", type=click.File("rb"), metavar="FILE", help="The form, filled in; - reads it from a pipe."
)
@click.option("--template", is_flag=True, help="Print the form to fill in.")
@click.option("--into", default="", metavar="PROJECT", help="Key or folder of the project, where there are several.")
@click.option(
    "--language", type=click.Choice(["en", "fr"]), help="Of the form and the questions; else that of the settings."
)
@click.option("--json", "as_json", is_flag=True, help="With --answers: one JSON document.")
def command(
    brief: str, source: BinaryIO | None, template: bool, into: str, language: Language | None, as_json: bool
) -> int:
    if source is not None and template:
        raise click.UsageError("--template prints a form, --answers reads one: give one.")
    if as_json and source is None:
        raise click.UsageError("--json belongs to --answers.")
    workspace = _workspace()
    language = language or workspace.config.language
    brief = one_line(brief, BRIEF_MAX)
    if template:
        render.say(questions.form(workspace.root.name, brief, language).rstrip("\n"))
        return 0
    if source is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(_NO_TERMINAL)
    engine = Engine(workspace)
    engine.recover_store()
    where = engine_planning.place(engine, into)
    if isinstance(where, Refusal):
        return opening.refused(where, as_json=as_json)
    if source is None:
        return _interview(engine, where, brief, into, language)
    name = "answers" if source.name in ("-", "<stdin>") else str(source.name)
    return _written(planning.answered(engine, _text(source, name), where, name), workspace, as_json=as_json)


def _workspace() -> Workspace:
    """The workspace here or above; without one this folder becomes one, as with echelon init."""
    try:
        return Workspace(find_workspace(Path.cwd()))
    except WorldError:
        if Path.cwd() == Path.home():
            raise
        return Workspace(Path.cwd())


def _text(source: BinaryIO, name: str) -> str:
    content = source.read(reading.ANSWERS_CHARACTERS_MAX * 4 + 1)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("INVALID_UTF8", f"{name}:{line}: this is not UTF-8.", "save the file as UTF-8.") from error


def _interview(engine: Engine, where: engine_planning.Place, brief: str, into: str, language: Language) -> int:
    from echelon.cli.asking import Terminal  # prompt_toolkit: only who is asked pays for it

    def gaps(text: str) -> tuple[str, ...]:
        found = engine_planning.gaps(engine, reading.read(text, language), where)
        return tuple(gap.message for gap in found)

    answers = Answers(interviewing.path_for(engine.workspace.state, into))
    if brief:
        render.say(f"\n{brief}\n")
    try:
        text = interviewing.run(Terminal(), answers, language, (engine.workspace.root.name, brief), gaps)
    except (KeyboardInterrupt, EOFError):
        text = None
    if text is None:
        render.complain(interviewing.STOPPED[language].format(count=len(answers.given), path=answers.path))
        return 130
    code = _written(planning.answered(engine, text, where, "answers"), engine.workspace, as_json=False)
    if code == 0:
        answers.forget()
    return code


def _written(answer: planning.Answer, workspace: Workspace, *, as_json: bool) -> int:
    if isinstance(answer, Refusal):
        return opening.refused(answer, as_json=as_json)
    if as_json:
        render.document({"ok": True, "message": answer.message, "data": dict(answer.data)})
        return 0
    render.say(answer.message)
    if not workspace.config.source:
        render.say("There are no settings yet: echelon init writes them, and keeps these files.")
    return 0
