"""What is said to agents and asked by them, in the OpenCode of the workspace."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from echelon.console.answers import Done, Given
from echelon.console.routes.given import DeskOf, MirrorOf, TokenOf
from echelon.console.routes.level import require_person
from echelon.console.routes.reads import Word, said
from echelon.console.talk import Messages, Pending, Prompted, Sessions, Stopped

router = APIRouter(prefix="/api")
MESSAGES_MAX = 50
Name = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=200_000)]


class Prompt(Given):
    """`session` "" begins a new one; `agent` "" is the session's own."""

    session: Name = ""
    agent: Name = ""
    text: Text


class Command(Given):
    session: Name = ""
    agent: Name = ""
    command: Name
    arguments: Text = ""


class Which(Given):
    session: Name


class Answers(Given):
    """For each question of the request, the chosen labels or own words."""

    answers: Annotated[list[list[Text]], Field(max_length=50)]


class Reply(Given):
    """`reply`: once, always or reject; the message of a rejection is read by the agent."""

    reply: Name
    message: Text = ""


@router.get("/sessions")
async def read_sessions(desk: DeskOf, mirror: MirrorOf) -> Sessions:
    return await desk.hosting.sessions(mirror.workspace.root)


@router.get("/sessions/{session}/messages")
async def read_messages(
    desk: DeskOf,
    mirror: MirrorOf,
    session: str,
    limit: Annotated[int, Query(ge=1, le=MESSAGES_MAX)] = 30,
    before: Word = "",
) -> Messages:
    return said(await desk.hosting.messages(mirror.workspace.root, session, limit, before))


@router.get("/pending")
async def read_pending(desk: DeskOf, mirror: MirrorOf) -> Pending:
    """Nothing, where no OpenCode is connected: nobody is there to ask."""
    root = mirror.workspace.root
    return await desk.hosting.pending(root) if desk.hosting.present(root) else Pending()


@router.post("/prompt")
async def prompt(desk: DeskOf, mirror: MirrorOf, body: Prompt) -> Prompted:
    done = said(await desk.hosting.prompt(mirror.workspace.root, body.text, body.agent, body.session))
    desk.interface.prompted(mirror.id, mirror.now(), done.agent, body.text)
    return done


@router.post("/command")
async def command(desk: DeskOf, mirror: MirrorOf, body: Command) -> Prompted:
    root = mirror.workspace.root
    done = said(await desk.hosting.command(root, body.command, body.arguments, body.session, body.agent))
    line = f"/{body.command.removeprefix('/')} {body.arguments}".strip()
    desk.interface.prompted(mirror.id, mirror.now(), done.agent, line)
    return done


@router.post("/abort")
async def abort(desk: DeskOf, mirror: MirrorOf, body: Which) -> Stopped:
    """Stop a session, those below it, and its loop: nothing of it goes on by itself."""
    return said(await desk.hosting.abort(mirror.workspace.root, body.session))


@router.post("/question/{question}/reply")
async def reply_question(desk: DeskOf, mirror: MirrorOf, question: str, body: Answers) -> Done:
    return said(await desk.hosting.reply_question(mirror.workspace.root, question, body.answers))


@router.post("/question/{question}/reject")
async def reject_question(desk: DeskOf, mirror: MirrorOf, question: str) -> Done:
    return said(await desk.hosting.reject_question(mirror.workspace.root, question))


@router.post("/permission/{permission}/reply")
async def reply_permission(desk: DeskOf, mirror: MirrorOf, token: TokenOf, permission: str, body: Reply) -> Done:
    """To agree to what only a person may do needs the code of their terminal, as doing it does."""
    root = mirror.workspace.root
    if body.reply != "reject" and await desk.hosting.person_only(root, permission):
        require_person(desk, token, "this permission")
    return said(await desk.hosting.reply_permission(root, permission, body.reply, body.message))
