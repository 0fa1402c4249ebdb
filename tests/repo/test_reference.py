"""The reference says all there is, and what it shows is read by the real parser."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import docs_format
import docs_reference
from echelon.actions.table import ACTIONS, describe
from echelon.cli.main import COMMANDS, group
from echelon.core import config
from echelon.core.codes import CODES
from echelon.core.documents import criteria, entries, grammar, sections, spec, todo
from echelon.core.documents.grammar import State
from echelon.core.planning import checking, questions, reading
from repo_sources import ROOT


@pytest.mark.parametrize("path", docs_reference.PAGES)
def test_a_page_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text("utf-8") == docs_reference.PAGES[path](), "run `make reference`"


def _page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text("utf-8")


def test_every_command_and_option_is_there() -> None:
    sections_of = dict(
        re.findall(r"^## echelon (\w+)\n(.*?)(?=^## |\Z)", _page("commands.md"), re.MULTILINE | re.DOTALL)
    )
    assert set(sections_of) == set(COMMANDS)
    context = click.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        for entry in command.params:
            for word in entry.opts if isinstance(entry, click.Option) else ():
                assert f"`{word}`" in sections_of[name]
            assert not isinstance(entry, click.Option) or entry.help, f"{name} {entry.opts} has no help"


def test_every_action_and_argument_is_there() -> None:
    sections_of = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", _page("actions.md"), re.MULTILINE | re.DOTALL))
    assert set(sections_of) == set(ACTIONS)
    for action in ACTIONS.values():
        for name, _, _, doc in describe(action):
            assert f"| `{name}` |" in sections_of[action.name]
            assert doc, f"{action.name}.{name} is not explained"


def test_every_code_setting_and_state_is_there() -> None:
    codes, settings, states = _page("codes.md"), _page("settings.md"), _page("states.md")
    assert [code for code in CODES if f"\n| `{code}` |" not in codes] == []
    assert [row.key for row in config.SETTINGS if f"\n| `{row.key}` |" not in settings] == []
    assert [state for state in State if f"| {state.value} |" not in states] == []


@pytest.mark.parametrize(("text", "language"), [(docs_format.BACKLOG_EN, "en"), (docs_format.BACKLOG_FR, "fr")])
def test_the_backlogs_shown_are_read_without_a_finding(text: str, language: str) -> None:
    document = entries.parse(text, quick=False)
    assert (document.findings, document.language) == ((), language)
    found, odd = criteria.read(text, *document.span("B001"))
    assert odd == ()
    assert [row.check.kind if row.check else "" for row in found] == ["check", "guard", ""]


def test_the_other_examples_are_read_as_the_page_says() -> None:
    rules = spec.parse(docs_format.SPEC)
    assert rules.findings == ()
    assert [check.kind if check else "" for _, check in rules.done] == ["guard", ""]
    held = todo.parse(docs_format.TODO)
    assert (held.mission, held.progress, len(held.record.files if held.record else ())) == ("B001.1", "1/3", 2)
    text = docs_format.journal_example()
    assert [row.kind for row in sections.read_journal(text)] == ["item_started", "item_delivered"]
    (escalation,) = sections.read_escalations(text)
    assert (escalation.pending, len(escalation.options)) == (True, 2)


def test_the_format_page_shows_every_word_of_the_grammar() -> None:
    page = (ROOT / "docs" / "FORMAT.md").read_text("utf-8")
    families = (
        grammar.FIELDS,
        grammar.HEADINGS,
        grammar.RECORD_FIELDS,
        grammar.CONFIGURATION,
        grammar.ESCALATION_PARTS,
    )
    for label in (*(label for family in families for label in family), *grammar.JOURNAL_TYPES.values()):
        assert all(f"`{form}`" in page for form in (label.en, label.fr, *label.also)), label
    for example in re.findall(r"^````markdown\n(.*?)^````", page, re.MULTILINE | re.DOTALL):
        assert example.rstrip("\n") in {text.rstrip("\n") for text in _EXAMPLES}


_EXAMPLES = (
    docs_format.BACKLOG_EN,
    docs_format.BACKLOG_FR,
    docs_format.SPEC,
    docs_format.TODO,
    docs_format.journal_example(),
)


def test_the_example_configuration_of_the_package_is_valid() -> None:
    for path in Path(ROOT / "src/echelon/examples").glob("*/.opencode/orchestrator.jsonc"):
        _, findings = config.parse(path.read_text("utf-8"), path.name)
        assert findings == ()


def test_the_page_on_planning_shows_the_form_and_an_answer_that_is_accepted() -> None:
    page = (ROOT / "docs" / "PLANNING.md").read_text("utf-8")
    for question in questions.QUESTIONS:
        for form in (question.heading.en, question.heading.fr):
            assert f"`{'#' * question.level} {form}`" in page
    (shown,) = re.findall(r"^````markdown\n(.*?)^````", page, re.MULTILINE | re.DOTALL)
    made, gaps = checking.check(reading.read(shown), "proved")
    assert made is not None and (gaps, made.notes, len(made.items)) == ((), (), 3)
