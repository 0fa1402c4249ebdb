"""What a session of an agent is about: its level and its place in the portfolio. Pure.

A commander starts something and calls the agent of the level below; the session that opens is about exactly that, and
stays so (calling.py). A session that nobody called is about the only thing of its level that runs, or about what it
starts first.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from echelon.core.decide import Refusal, refuse
from echelon.core.documents import grammar
from echelon.core.documents.grammar import State
from echelon.core.model import World
from echelon.core.portfolio import local, scope_of

LevelName = Literal["mission", "project", "program", "enterprise"]
LEVELS: tuple[LevelName, ...] = ("mission", "project", "program", "enterprise")
BELOW: Mapping[LevelName, LevelName] = {"enterprise": "program", "program": "project", "project": "mission"}
POSTS_MAX = 5_000  # sessions that are remembered; the oldest go first
STARTED_MAX = 1_000  # of one session
LISTED_MAX = 20


@dataclass(frozen=True, slots=True)
class Post:
    """`scope`: key of the project or program (None: not said yet; "" at the enterprise level). `item`: key of the item
    of a mission. `started`: keys that it started and has not given out yet."""

    level: LevelName
    scope: str | None = None
    item: str = ""
    started: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        return self.item if self.level == "mission" else self.scope or ""


def below(level: LevelName, key: str) -> Post:
    """The post of a session that was called by one of `level` for `key`."""
    under = BELOW[level]
    return Post("mission", scope_of(key), key) if under == "mission" else Post(under, key)


def natural(world: World, level: LevelName) -> str | None:
    """What a session that nobody called is about: the only program or project that runs; None when it has to say."""
    portfolio = world.portfolio
    if level == "enterprise":
        return ""
    if level == "program":
        rows = [row for row in portfolio.programs if row.document is not None]
        active = [row.key for row in rows if row.state is State.ACTIVE]
        return active[0] if len(active) == 1 else rows[0].key if len(rows) == 1 else None
    if level == "project":
        running = [row.key for row in portfolio.projects() if row.running]
        return running[0] if len(running) == 1 else None
    return None


def named(world: World, level: LevelName, words: str) -> Post | Refusal | None:
    """What a person's words name, when they are nothing but a name: a program, a project, or an item of it."""
    portfolio = world.portfolio
    if level == "program" and grammar.PROGRAM_ID.fullmatch(words):
        found = portfolio.program(words)
        return Post("program", words) if found else refuse("PROGRAM_UNKNOWN", f"there is no program {words}")
    if level != "project":
        return None
    item = local(words) if grammar.ITEM_ID.fullmatch(local(words)) else ""
    scope = scope_of(words) if item else words
    if not scope:
        return Post("project", natural(world, "project"), item) if item else None
    if not grammar.PROJECT_ID.fullmatch(local(scope)):
        return None
    rows = [row.key for row in portfolio.projects() if row.key == scope or row.key.endswith(f"/{scope}")]
    if len(rows) > 1:
        return refuse("ITEM_AMBIGUOUS", *rows, next_step="say it with its program")
    return Post("project", rows[0], item) if rows else refuse("PROJECT_UNKNOWN", f"there is no project {scope[:60]}")


def ambiguous(world: World) -> Refusal | None:
    """The refusal for a session of the project level that has not said which, where several projects run."""
    running = [row for row in world.portfolio.projects() if row.running]
    if len(running) < 2:
        return None
    listed = [f"{row.key}: backlog_path {row.files.backlog}" for row in running[:LISTED_MAX]]
    return refuse("ITEM_AMBIGUOUS", *listed, next_step="say which: backlog_path")


# -------------------------------------------------------------------------------------------------------- starts


def started(post: Post, data: Mapping[str, Any]) -> Post:
    """The post after an action of it started something; a post that is not bound yet is bound by its first start."""
    keys = list(_keys(post.level, data))
    if not keys:
        return post
    scope = scope_of(keys[0]) if post.scope is None and post.level != "enterprise" else post.scope
    rest = [key for key in post.started if key not in keys]
    return dataclasses.replace(post, scope=scope, started=(*rest, *keys)[-STARTED_MAX:])


def _keys(level: LevelName, data: Mapping[str, Any]) -> Iterator[str]:
    name = {"enterprise": "program", "program": "project", "project": "item"}.get(level, "")
    for row in (data, *data.get(f"{name}s", ())):
        if isinstance(row, Mapping) and row.get(name):
            yield str(row[name])


def given_out(post: Post, key: str) -> Post:
    return dataclasses.replace(post, started=tuple(row for row in post.started if row != key))


def place(world: World, post: Post) -> str:
    """One line for the session's prompt: what it is about. "" where there is nothing to tell apart."""
    french = world.language == "fr"
    if post.level == "program" and post.scope and (program := world.portfolio.program(post.scope)):
        about = "Cette session traite du programme" if french else "This session is about program"
        return f"{about} {program.key} — {program.title} ({program.files.document})."
    if post.level == "project" and post.scope and (project := world.portfolio.project(post.scope)):
        title = project.entry.title if project.entry else local(project.key)
        about = "Cette session traite du projet" if french else "This session is about project"
        return f"{about} {project.key} — {title} (backlog_path: {project.files.backlog})."
    return ""


# --------------------------------------------------------------------------------------------------- on disk


def read(text: str | None) -> dict[str, Post]:
    """Posts by session, oldest first. A damaged file or row binds nothing."""
    try:
        rows = json.loads(text)["posts"] if text else {}
        return {str(session): post for session, row in rows.items() if (post := _post(row)) is not None}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _post(row: Any) -> Post | None:
    if not isinstance(row, dict) or row.get("level") not in LEVELS or not set(row) <= set(Post.__slots__):
        return None
    scope, item, keys = row.get("scope"), row.get("item", ""), row.get("started", [])
    fits = isinstance(scope, str | None) and isinstance(item, str) and isinstance(keys, list)
    return Post(row["level"], scope, item, tuple(map(str, keys))) if fits else None


def write(posts: Mapping[str, Post]) -> str:
    newest = list(posts.items())[-POSTS_MAX:]
    rows = {session: dataclasses.asdict(post) for session, post in newest}
    return json.dumps({"posts": rows}, ensure_ascii=False) + "\n"
