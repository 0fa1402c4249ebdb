"""What is said in OpenCode, as the page reads it: sessions, messages, what is asked of the person. How it is read from
what OpenCode says: hearing.py."""

from __future__ import annotations

from typing import Literal

from echelon.console.answers import Answer


class Loop(Answer):
    """What goes on by itself in a session: its level, its state, and why it does not run."""

    level: str
    state: str
    code: str
    reason: str
    scope: str | None
    turns: int
    tokens: int
    cost: float


class Session(Answer):
    """`status`: idle, busy or retry. `slot`: of the item in flight that it works in, "" for the checkout."""

    id: str
    title: str
    agent: str
    parent: str
    directory: str
    slot: str
    status: str
    cost: float
    tokens: int
    updated: str
    loop: Loop | None = None


class Agent(Answer):
    """Somebody to talk to. `level`: of the hierarchy, "" for an agent that is not ours."""

    name: str
    description: str
    level: str


class Command(Answer):
    name: str
    description: str
    agent: str
    ours: bool


class Sessions(Answer):
    sessions: tuple[Session, ...]
    agents: tuple[Agent, ...]
    commands: tuple[Command, ...]


class Part(Answer):
    """`text` of a tool is what it answered; `state`: pending, running, completed or error, "" for what is no tool."""

    id: str
    type: str
    text: str = ""
    tool: str = ""
    state: str = ""
    title: str = ""


class Said(Answer):
    """A message. In an event only what changed: None is "as before", and `parts` are those that changed."""

    id: str
    role: str | None = None
    agent: str | None = None
    at: str | None = None
    cost: float | None = None
    tokens: int | None = None
    error: str | None = None
    parts: tuple[Part, ...] = ()


class Messages(Answer):
    """Newest last. `next` is the `before` of the page of older ones, "" where there is none."""

    messages: tuple[Said, ...]
    more: bool
    next: str


class Option(Answer):
    label: str
    description: str


class Query(Answer):
    question: str
    header: str
    options: tuple[Option, ...]
    multiple: bool
    custom: bool


class Question(Answer):
    id: str
    session: str
    agent: str
    title: str
    questions: tuple[Query, ...]


class Permission(Answer):
    """`person_only`: the answer is the person's word for an action of theirs, and `always` is none."""

    id: str
    session: str
    agent: str
    title: str
    permission: str
    patterns: tuple[str, ...]
    always: tuple[str, ...]
    person_only: bool


class Pending(Answer):
    questions: tuple[Question, ...] = ()
    permissions: tuple[Permission, ...] = ()


class Prompted(Answer):
    """Taken: what comes of it is heard in the session's events."""

    session: str
    agent: str
    message: str = ""


class Told(Answer):
    """Whether a session of OpenCode was told of a rework. `queued`: it works, and reads it as its next message; `begun`:
    it rested, and began with it; `none`: nobody was told, and `why`."""

    how: Literal["queued", "begun", "none"]
    session: str = ""
    why: Literal["", "no_session", "stopped", "over", "absent", "lost"] = ""


class Stopped(Answer):
    """The sessions that were stopped, and those whose loop ended."""

    sessions: tuple[str, ...]
    loops: tuple[str, ...]
