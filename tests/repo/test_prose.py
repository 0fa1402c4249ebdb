"""What people read points at things that exist."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click
import pytest

from echelon import __version__
from echelon.actions.table import ACTIONS
from echelon.cli.main import COMMANDS, group
from echelon.core.codes import CODES
from repo_sources import ROOT, markdown, prose

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$")


def _anchors(text: str) -> set[str]:
    """The anchors GitHub gives to the headings of a page."""
    titles = [found[1] for line in prose(text) if (found := _HEADING.match(line))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_relative_link_leads_somewhere() -> None:
    broken: list[str] = []
    for name, text in markdown().items():
        for target in _LINK.findall("\n".join(prose(text))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = (ROOT / name).parent / path if path else ROOT / name
            if not there.exists() or (anchor and anchor not in _anchors(there.read_text("utf-8"))):
                broken.append(f"{name}: {target}")
    assert broken == []


def _made() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", sorted(markdown()) if (ROOT / ".git").exists() else [])
def test_every_command_shown_exists(name: str) -> None:
    """`make X`, `echelon X` with its options, and the action behind `echelon call`."""
    text = markdown()[name]
    code = "\n".join([*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^(?: {4}|\$ )(.*)$", text, re.MULTILINE)])
    code += "\n" + "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert set(re.findall(r"(?:^|`|\$ )make ([a-z]+)\b", code, re.MULTILINE)) <= _made()
    context = click.Context(group)
    for word, rest in re.findall(r"(?:^|\$ |&& |bin/)echelon ([a-z]+)\b([^\n&]*)", code, re.MULTILINE):
        if name == "docs/ARCHITECTURE.md" and word not in COMMANDS:
            pytest.fail(f"echelon {word} is not a command")
        assert word in COMMANDS, f"echelon {word}"
        command = group.get_command(context, word)
        assert command is not None
        known = {option for entry in command.params for option in entry.opts} | {"--help"}
        outside_quotes = re.sub(r"'[^']*'|\"[^\"]*\"|\s#.*", "", rest)
        assert set(re.findall(r"(?<!\w)(--[a-z-]+)", outside_quotes)) <= known, f"echelon {word}{rest}"
        called = re.match(r"\s+([a-z]+_[a-z_]+)", rest)
        assert word != "call" or not called or called[1] in ACTIONS, rest


def test_the_codes_that_are_named_exist() -> None:
    for name in ("README.md", "docs/ARCHITECTURE.md", "docs/EVIDENCE.md", "docs/THREATS.md"):
        named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", (ROOT / name).read_text("utf-8")))
        assert named <= set(CODES), name


def test_the_version_is_said_once_and_has_its_changes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__
    assert re.search(rf"^## \[{re.escape(__version__)}\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def test_every_dependency_has_its_reason() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *settings["project"]["dependencies"],
        *(row for rows in settings["dependency-groups"].values() for row in rows),
    ]
    wanted += settings["build-system"]["requires"]
    web = json.loads((ROOT / "web" / "package.json").read_text("utf-8"))
    page = (ROOT / "docs" / "DEPENDENCIES.md").read_text("utf-8")
    names = {re.split(r"[<>=\[ ]", row, maxsplit=1)[0] for row in wanted} | {
        *web["dependencies"],
        *web["devDependencies"],
    }
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_the_picture_is_there_and_needs_nothing_from_elsewhere() -> None:
    picture = Path(ROOT / "docs/img/demo.svg").read_text("utf-8")
    assert "url(http" not in picture
    assert "<script" not in picture
