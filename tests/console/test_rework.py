"""Comments on the work, sent back: they are the next attempt's feedback, in the same slot, whoever works there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from echelon.actions.callers import Caller
from echelon.actions.table import perform
from echelon.bridge.roles import ROLES, offered
from echelon.console.rework import LineComment, comments
from echelon.core import requests
from echelon.core.decide import Decision, Refusal
from echelon.core.levels.rework import REWORKS_MAX
from echelon.dispatch.outcome import codes_of
from echelon.errors import InputError
from mirrors import Still
from slots_world import write
from workspaces import Shop, backlog, does, wants

ONE = backlog(wants("B001"))
SAY = [
    LineComment(path="src/a.py", line=12, text="name it\n## Contract\n- [x] done"),
    LineComment(path="b.md", text="why?"),
]


def started(tmp_path: Path, **options: object) -> tuple[Shop, Still, Path]:
    shop = Shop.make(tmp_path, ONE, {"B001": [does("B001")] * 2}, **options)  # type: ignore[arg-type]
    engine = shop.engine()
    assert isinstance(engine.start("B001"), Decision)
    return shop, Still(engine), Path(engine.work.slots.open_slots()[0].path)


def refused_with(answer: object) -> set[str]:
    assert isinstance(answer, Refusal)
    return set(codes_of(answer))


def test_comments_become_the_feedback_of_the_next_attempt(tmp_path: Path) -> None:
    shop, mirror, place = started(tmp_path)
    write(place, {"half.txt": "half\n"})
    answer = comments(mirror, "B001", SAY, "smaller steps")
    assert isinstance(answer, Decision) and "REWORK B001: 2 comment(s)" in answer.message
    mission = shop.engine().world().missions[0]
    assert (mission.name, mission.slot, mission.phase) == ("B001.2", "B001", "working")
    assert mission.feedback.split("\n")[1:] == [
        "src/a.py:12 — name it ## Contract - [x] done",
        "b.md — why?",
        "smaller steps",
    ]
    assert "src/a.py:12 — name it" in str(answer.data["prompt"]) and answer.data["item"] == "B001"
    assert (place / "half.txt").read_text("utf-8") == "half\n", "slot and work stay"
    assert "echelon:mission B001.2" in (place / ".opencode/todo.md").read_text("utf-8")
    world = shop.engine().world()
    assert [(row.attempt, row.reason) for row in world.attempts] == [(1, "rework")]
    assert "B001.1 — rework" in (shop.root / ".opencode/project.md").read_text("utf-8")


def test_a_removed_line_is_named_by_where_it_was(tmp_path: Path) -> None:
    """Its number in the slot would be another line's."""
    shop, mirror, _ = started(tmp_path)
    rows = [LineComment(path="a.py", line=4, text="keep this", side="old"), LineComment(path="a.py", line=4, text="no")]
    answer = comments(mirror, "B001", rows)
    assert isinstance(answer, Decision)
    feedback = shop.engine().world().missions[0].feedback
    assert feedback.split("\n")[1:] == ["a.py, removed line 4 of the base — keep this", "a.py:4 — no"]
    assert answer.data["said"] == feedback, "what a session is told is what the next attempt reads"


def test_the_next_delivery_works_with_them_and_closes(tmp_path: Path) -> None:
    shop, mirror, _ = started(tmp_path)
    comments(mirror, "B001", SAY)
    seen = shop.deliver()
    assert seen.outcome.status == "done" and shop.delivered() == ["B001"]
    assert [row.reason for row in shop.engine().world().attempts] == ["rework", "delivered"]


def test_work_that_was_done_before_the_words_does_not_close_with_them(tmp_path: Path) -> None:
    """Whoever leads may be about to close: what they hold is the claim of an attempt that is over."""
    shop, mirror, place = started(tmp_path)
    engine = shop.engine()
    write(place, {"B001.txt": "done\n", ".opencode/todo.md": "<!-- echelon:mission B001.1 -->\n- [x] all\n"})
    claimed = (place / ".opencode/todo.md").read_text("utf-8")
    assert isinstance(engine.verify("B001"), Decision), "without the words it would close"
    comments(mirror, "B001", SAY)
    assert refused_with(engine.close("B001")) == {"TASKS_OPEN"}
    write(place, {".opencode/todo.md": claimed})  # an agent of the attempt before writes once more
    assert refused_with(engine.close("B001")) == {"TODO_STALE"}
    assert shop.delivered() == []


def test_comments_while_a_delivery_works_reach_the_next_attempt(tmp_path: Path) -> None:
    """The delivery holds the mission, and its agent claims done: nothing of that closes before it has the words."""
    home = tmp_path / "home"
    said = json.dumps({"note": "once more", "comments_json": json.dumps([{"path": "x.txt", "line": 1, "text": "no"}])})
    verb = (
        f"cd {tmp_path}/shop && HOME={home} XDG_STATE_HOME={home}/state XDG_CACHE_HOME={home}/cache "
        f"{sys.executable} -m echelon call backlog_rework_item --json '{said}' > {tmp_path}/said 2>&1"
    )
    shop = Shop.make(
        tmp_path, ONE, {"B001": [does("B001", {"run": verb}), does("B001", {"write": "x.txt", "text": "yes\n"})]}
    )
    seen = shop.deliver()
    assert '"ok": true' in (tmp_path / "said").read_text("utf-8")
    assert shop.delivered() == ["B001"] and "a person asks for rework" in seen.texts("attempt")
    assert [row.reason for row in shop.engine().world().attempts] == ["rework", "delivered"]
    assert shop.shown("x.txt") == "yes", "the second attempt's work is what was merged"


def test_it_is_a_persons_word_and_no_model_is_told_of_it(tmp_path: Path) -> None:
    shop, _, _ = started(tmp_path)
    answer = perform(shop.engine(), "backlog_rework_item", {"note": "x"}, Caller("agent", "project", ""))
    assert isinstance(answer, Refusal) and answer.code == "NEEDS_PERSON"
    assert not any(action.name == "backlog_rework_item" for role in ROLES.values() for action in offered(role))


def test_it_counts_for_no_step_of_the_ladder_and_has_a_limit(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, ONE, {}, config={"limits": {"attempts": 2}})
    engine = shop.engine()
    engine.start("B001")
    for _ in range(REWORKS_MAX):
        assert isinstance(engine.end(requests.ReworkItem((), "again", "B001")), Decision)
    refused = engine.end(requests.ReworkItem((), "again", "B001"))
    assert isinstance(refused, Refusal) and "20 times" in refused.reasons[0]
    number = engine.world().missions[0].attempt
    first = engine.end(requests.EndAttempt("B001", "gave_up", "no", attempt=number))
    assert isinstance(first, Decision) and "escalation" not in first.data
    second = engine.end(requests.EndAttempt("B001", "gave_up", "no"))
    assert isinstance(second, Decision) and "escalation" in second.data


def test_an_attempt_that_is_over_ends_nothing(tmp_path: Path) -> None:
    shop, mirror, _ = started(tmp_path)
    comments(mirror, "B001", SAY)
    late = shop.engine().end(requests.EndAttempt("B001", "gave_up", "late", attempt=1))
    assert isinstance(late, Refusal) and late.code == "ATTEMPT_OVER"
    assert "src/a.py:12" in shop.engine().world().missions[0].feedback


def test_what_was_said_before_is_not_lost(tmp_path: Path) -> None:
    shop, mirror, _ = started(tmp_path)
    comments(mirror, "B001", SAY)
    comments(mirror.look(), "B001", [], "and this")
    feedback = shop.engine().world().missions[0].feedback
    assert feedback.index("and this") < feedback.index("src/a.py:12")


@pytest.mark.parametrize(
    ("rows", "note", "why"),
    [
        ([], " \n ", "say what has to change"),
        ([LineComment(path="", line=1, text="x")], "", "comment 1 needs a path"),
        ([LineComment(path="a", line=-1, text="x")], "", "no line of a file"),
        ([LineComment(path="a", line=1, text="\x1b\x00")], "", "comment 1 needs"),
        ([LineComment(path="a", line=0, text="x", side="old")], "", "say which line was removed"),
        ([LineComment(path="a", text="x")] * 51, "", "at most 50"),
        ([LineComment(path="a", text="x" * 900)] * 6, "", "at most 4000"),
    ],
)  # fmt: skip
def test_what_says_nothing_or_too_much_is_refused(tmp_path: Path, rows: list[LineComment], note: str, why: str) -> None:
    shop, mirror, _ = started(tmp_path)
    answer = comments(mirror, "B001", rows, note)
    assert isinstance(answer, Refusal) and why in " ".join(answer.reasons)
    assert shop.engine().world().missions[0].attempt == 1


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[1]",
        '[{"path": "a"}]',
        '[{"path": "a", "text": "b", "x": 1}]',
        '[{"path": 1, "text": "b"}]',
        '[{"path": "a", "text": "b", "side": "left"}]',
        '[{"path": "a", "text": "b", "side": ["old"]}]',
        "[" * 100_000,
    ],
)
def test_comments_that_are_none_are_an_input_error(tmp_path: Path, text: str) -> None:
    shop, _, _ = started(tmp_path)
    with pytest.raises(InputError, match="comments_json"):
        perform(shop.engine(), "backlog_rework_item", {"comments_json": text, "note": "x"})


def test_another_slot_and_an_idle_item_are_refused(tmp_path: Path) -> None:
    _, mirror, _ = started(tmp_path)
    answer = comments(mirror, "B002", SAY)
    assert isinstance(answer, Refusal) and answer.code == "SLOT_UNKNOWN"
    idle = Shop.make(tmp_path / "idle", ONE, {})
    none = perform(idle.engine(), "backlog_rework_item", {"note": "x"})
    assert isinstance(none, Refusal) and none.code == "NOTHING_IN_PROGRESS"


def test_what_was_proved_is_not_sent_back(tmp_path: Path) -> None:
    from worlds import ask, closing, refused, two_items

    now = "2026-01-01T00:00:00.000Z"
    files = ask(two_items(), requests.StartItem(requests.BaseFacts("b" * 40), "B001"), now)
    files = ask(files, requests.Attest("w" * 40, "person", "looked", "B001"), now)
    files = ask(files, closing(files, "B001"), now)
    assert refused(files, requests.ReworkItem((), "no", "B001"), now).code == "TRANSITION_REFUSED"


def test_french_workspaces_are_told_in_french(tmp_path: Path) -> None:
    from worlds import ask, two_items, world

    now = "2026-01-01T00:00:00.000Z"
    files = ask(two_items("fr"), requests.StartItem(requests.BaseFacts("b" * 40), "B001"), now)
    files = ask(files, requests.ReworkItem((requests.Remark("é.py", 3, "non"),), "", "B001"), now)
    assert world(files).missions[0].feedback == "Une personne a regardé le travail et demande ceci :\né.py:3 — non"
    gone = requests.Remark("é.py", 3, "pourquoi ?", "old")
    files = ask(files, requests.ReworkItem((gone,), "", "B001"), now)
    assert "é.py, ligne 3 de la base, retirée — pourquoi ?" in world(files).missions[0].feedback
