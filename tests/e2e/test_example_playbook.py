"""Goal: the demo's example is real work and fails where it says so. Method: replay its playbook with plain git and
pytest, without Echelon's engine; the story that comes out is compared with the one the example promises.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(str(files("echelon"))) / "examples" / "linkshelf"
PLAYBOOK = EXAMPLE / ".opencode" / "playbook"
TESTS_OF_THE_AGENT = {"tests/test_tags.py", "tests/test_exchange.py", "tests/test_limits.py"}
GIT_ENVIRONMENT = {
    **{f"GIT_{role}_{part}": "demo@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}

STORY = [
    ("B001", "delivered"),
    ("B002", "delivered"),
    ("B003", "delivered"),
    ("B004", "red"),
    ("B004", "delivered"),
    ("B005", "weakened"),
    ("B005", "delivered"),
    ("B006", "spec changed"),
    ("B007", "delivered"),
    ("B008", "conflict"),
    ("B008", "delivered"),
    ("B006", "delivered"),
    ("B009", "delivered"),
]


@dataclass(frozen=True)
class Item:
    id: str
    priority: int
    depends: tuple[str, ...]
    checks: tuple[tuple[str, str], ...]  # kind, command


def read_playbook() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((PLAYBOOK / "playbook.toml").read_text("utf-8"))


def read_items() -> list[Item]:
    done = promised((EXAMPLE / ".opencode/spec.md").read_text("utf-8"))
    _, *sections = re.split(r"^### ", (EXAMPLE / ".opencode/backlog.md").read_text("utf-8"), flags=re.MULTILINE)
    return [
        Item(
            section[:4],
            int(re.search(r"^- Priority: P(\d)", section, re.MULTILINE)[1]),
            tuple(re.findall(r"B\d{3}", re.search(r"^- Depends on: (.*)", section, re.MULTILINE)[1])),
            (*promised(section), *done),
        )
        for section in sections
    ]


def promised(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(re.findall(r"^ *- .* — (check|guard): `(.+)`$", text, re.MULTILINE))


class Replay:
    """A workspace with the example, and a slot for each item in flight."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.workspace = room / "workspace"
        self.playbook = read_playbook()
        self.attempts: dict[str, int] = {}
        self.exits: dict[tuple[str, str], int] = {}
        self.said: dict[str, str] = {}  # command -> the end of what its last run printed
        self.numbers = count()
        shutil.copytree(EXAMPLE, self.workspace, ignore=shutil.ignore_patterns("__pycache__"))
        self.git("init", "-q", "-b", "main")
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "base")

    def git(self, *arguments: str, inside: Path | None = None, ok: tuple[int, ...] = (0,), **extra: str) -> str:
        environment = {**os.environ, **GIT_ENVIRONMENT, **extra}
        done = subprocess.run(
            ["git", *arguments], cwd=inside or self.workspace, env=environment, capture_output=True, text=True
        )
        assert done.returncode in ok, done.stderr
        return done.stdout.strip()

    def attempt(self, item: Item) -> str:
        """Play the next attempt at an item and say how it ends; "delivered" has moved the base."""
        number = self.attempts[item.id] = self.attempts.get(item.id, 0) + 1
        slot = self.room / item.id
        if not slot.exists():
            self.git("worktree", "add", "-q", "-b", f"orchestrator/{item.id}", str(slot), "main")
        spec = (self.workspace / ".opencode/spec.md").read_bytes()
        play = self.playbook[item.id][number - 1]
        assert play["claim"] == "done"  # whatever is wrong, the agent says it is right: words prove nothing
        for step in play["steps"]:
            self.perform(step, slot)
        self.git("add", "--all", inside=slot)
        self.git("commit", "-q", "-m", item.id, inside=slot)
        ending = self.gate(item, slot)
        if ending == "delivered" and (self.workspace / ".opencode/spec.md").read_bytes() != spec:
            self.git("worktree", "remove", "--force", str(slot))  # a resumed item starts from the base again
            self.git("branch", "-q", "-D", f"orchestrator/{item.id}")
            return "spec changed"
        if ending == "delivered":
            merge = self.git("commit-tree", self.candidate(slot)[0], "-p", "main", "-p", self.head(slot), "-m", item.id)
            self.git("merge", "-q", "--ff-only", merge)
        return ending

    def perform(self, step: dict[str, str], slot: Path) -> None:
        match step:
            case {"write": path, "from": source}:
                target = slot / path
                target.write_bytes((PLAYBOOK / source).read_bytes())
            case {"replace": path, "old": old, "new": new}:
                text = (slot / path).read_text("utf-8")
                assert text.count(old) == 1
                (slot / path).write_text(text.replace(old, new), "utf-8")
            case {"person_edits": path, "append": text}:
                with (self.workspace / path).open("a", encoding="utf-8") as file:
                    file.write(text)
            case {"person_commits": path, "from": source, "message": message}:
                (self.workspace / path).write_bytes((PLAYBOOK / source).read_bytes())
                self.git("add", path)
                self.git("commit", "-q", "-m", message, "--", path)
            case {"say": words}:
                assert words
            case _:
                pytest.fail(f"a step this replay does not know: {step}")

    def gate(self, item: Item, slot: Path) -> str:
        tree, conflicts = self.candidate(slot)
        if conflicts:
            self.git("merge", "-q", "main", inside=slot, ok=(1,))
            assert all("<<<<<<<" in (slot / path).read_text("utf-8") for path in conflicts)
            return "conflict"
        base = self.git("rev-parse", "main^{tree}")
        commands = [command for _, command in item.checks]
        with ThreadPoolExecutor(2) as pool:
            before = list(pool.map(lambda command: self.exit_of(base, command), commands))
            after = list(pool.map(lambda command: self.exit_of(tree, command), commands))
        for (kind, command), code in zip(item.checks, before, strict=True):
            missing = command.rpartition(" ")[2] in TESTS_OF_THE_AGENT
            assert code == (0 if kind == "guard" else 4 if missing else 1), (
                f"{item.id}, on the base: {command}\n{self.said[command]}"
            )
        if any(after):
            return "red"
        return "weakened" if list(self.weakened(base, tree)) else "delivered"

    def candidate(self, slot: Path) -> tuple[str, list[str]]:
        arguments = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "main", self.head(slot))
        tree, *conflicts = self.git(*arguments, ok=(0, 1)).split("\n")
        return tree, conflicts

    def head(self, slot: Path) -> str:
        return self.git("rev-parse", "HEAD", inside=slot)

    def exit_of(self, tree: str, command: str) -> int:
        """Run a check in a clean checkout of a tree, each pair once."""
        if (tree, command) not in self.exits:
            program, *arguments = shlex.split(command)
            assert program == "python"
            clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
            place = self.checkout(tree)
            scratch = place.with_name(f"{place.name}-tmp")  # two runs of pytest tidy up behind each other in one folder
            scratch.mkdir()
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=place,
                env={
                    **clean,
                    "TMPDIR": str(scratch),
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
                capture_output=True,
                text=True,
                timeout=60,
            )
            self.exits[tree, command], self.said[command] = done.returncode, done.stdout[-2000:]
        return self.exits[tree, command]

    def checkout(self, tree: str) -> Path:
        number = next(self.numbers)
        place, index = self.room / f"gate-{number}", self.room / f"index-{number}"
        self.git("read-tree", tree, GIT_INDEX_FILE=str(index))
        self.git("checkout-index", "--all", f"--prefix={place}/", GIT_INDEX_FILE=str(index))
        return place

    def weakened(self, base: str, tree: str) -> Iterator[str]:
        """The test files that promise less than before."""
        for path in self.git("ls-tree", "-r", "--name-only", base, "tests").split("\n"):
            before = self.git("show", f"{base}:{path}")
            after = self.git("show", f"{tree}:{path}", ok=(0, 128))
            if after.count("assert") < before.count("assert") or after.count(".skip") > before.count(".skip"):
                yield path


def next_item(items: list[Item], delivered: set[str], suspended: set[str]) -> Item | None:
    open_ones = [item for item in items if item.id not in delivered | suspended and delivered.issuperset(item.depends)]
    return min(open_ones, key=lambda item: item.priority, default=None)  # of equals the first in the file


def test_the_playbook_tells_the_story_that_the_example_promises(tmp_path: Path) -> None:
    replay, items = Replay(tmp_path), read_items()
    story: list[tuple[str, str]] = []
    delivered: set[str] = set()
    suspended: set[str] = set()
    while len(delivered) < len(items) and len(story) < 2 * len(STORY):
        item = next_item(items, delivered, suspended)
        if item is None:
            suspended.clear()  # the person has read the report and resumes what was suspended
            continue
        story.append((item.id, replay.attempt(item)))
        if story[-1][1] == "delivered":
            delivered.add(item.id)
        elif story[-1][1] == "spec changed":
            suspended.add(item.id)
    assert story == STORY
    assert replay.attempts == {name: len(plays) for name, plays in replay.playbook.items()}


def test_a_second_attempt_does_not_mind_whether_its_slot_was_kept() -> None:
    for plays in read_playbook().values():
        first, *later = [{step.get("write") or step.get("replace") for step in play["steps"]} for play in plays]
        for touched, play in zip(later, plays[1:], strict=True):
            assert not [step for step in play["steps"] if "replace" in step or "delete" in step]
            assert touched >= first


def test_what_the_playbook_names_is_there_and_everything_there_is_named() -> None:
    steps = [step for plays in read_playbook().values() for play in plays for step in play["steps"]]
    sources = {step["from"] for step in steps if "from" in step}
    assert sources == {path.relative_to(PLAYBOOK).as_posix() for path in PLAYBOOK.rglob("*.py")}
    for source in sources:
        compile((PLAYBOOK / source).read_text("utf-8"), source, "exec")
    for plays in read_playbook().values():
        for play in plays:
            assert set(play["record"]["files"]) <= {step.get("write") or step.get("replace") for step in play["steps"]}
    assert (PLAYBOOK / "B005/test_health.py").read_bytes() == (EXAMPLE / "tests/test_health.py").read_bytes()
