"""The interview around its terminal: going back, gaps at the end, and what is kept of it on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

import planned
from echelon.cli import interviewing
from echelon.cli.asking import Terminal
from echelon.cli.interviewing import Answers
from echelon.core.planning.interview import Step

BEFORE = ("Shop", "95 %", "login", "", "an app", "", "", "", "", "Login", "", "", "", "401")


class Typist:
    """A person who types these lines, each held to what the prompt demands; None takes what is suggested."""

    def __init__(self, *typed: str | None) -> None:
        self._typed: Iterator[str | None] = iter(typed)
        self.offered: list[str] = []

    def ask(self, step: Step, suggested: str) -> str:
        said = next(self._typed, "\x03")
        if said == "\x03":
            raise KeyboardInterrupt
        answer = suggested if said is None else said
        self.offered.append(suggested)
        assert answer in ("<", "<<") or step.problem(answer) == "", (step, answer)
        return answer


def run(answers: Answers, *typed: str | None) -> tuple[str | None, Typist]:
    person = Typist(*typed)
    text = interviewing.run(cast(Terminal, person), answers, "en", ("Shop", ""), lambda text: tuple(planned.gaps(text)))
    return text, person


def test_a_gap_of_the_whole_is_shown_and_can_be_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every criterion is to be attested, so the item could never start; that is known at the end only."""
    back = ("<", "<", "<", "grep -q 401 a.py", None, None, "y")
    text, _ = run(Answers(tmp_path / "plan.json"), *BEFORE, "", "", "", "y", *back)
    assert text is not None and planned.gaps(text) == []
    assert "no criterion of B001 has a check" in capsys.readouterr().out


def test_what_was_taken_back_is_offered_again_until_something_else_is_said(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "plan.json")
    with pytest.raises(KeyboardInterrupt):
        run(answers, "Shop", "95 %", "login", "<<", None, "97 %", None)
    again = Answers(tmp_path / "plan.json")
    assert (again.given, again.ahead) == (["Shop", "97 %", "login"], [])


def test_a_record_that_is_not_ours_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    for content in (b"{", b"[]", b'"x"', b"\xff"):
        path.write_bytes(content)
        assert Answers(path).given == []
    path.write_text('{"given": "abc", "ahead": {"a": 1}}', "utf-8")
    assert Answers(path).given == []


def test_answers_that_no_longer_lead_anywhere_are_asked_again(tmp_path: Path) -> None:
    """The end of another version, or of an edited record: whatever is refused today is asked today."""
    path = tmp_path / "plan.json"
    path.write_text('{"given": ["Shop", "<what>", "login"], "ahead": []}', "utf-8")
    answers = Answers(path)
    with pytest.raises(KeyboardInterrupt):
        run(answers)
    assert (answers.given, answers.ahead) == (["Shop"], ["<what>", "login"])


def test_each_project_has_answers_of_its_own(tmp_path: Path) -> None:
    names = {interviewing.path_for(tmp_path, target).name for target in ("", "PGM-001/PRJ-001", "PRJ-001", "../../x")}
    assert len(names) == 4 and all("/" not in name and name.startswith("plan") for name in names)
