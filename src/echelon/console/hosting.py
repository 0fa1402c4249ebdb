"""What the console asks of OpenCode, through the brain: who is there, what is said, what is asked of the person.

One object for all workspaces, in one event loop. A workspace is named by its folder. What is refused is a value; a
HostError says that no OpenCode is there (HOST_ABSENT), that it went (HOST_GONE), or that it failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from echelon.bridge.commands import COMMANDS
from echelon.bridge.wire import CALL_SECONDS
from echelon.console import hearing
from echelon.console.answers import Done
from echelon.console.hearing import Json
from echelon.console.link import Link, Seat
from echelon.console.reach import Reach, answers_of, data_of, error_of, is_fine, main_of
from echelon.console.talk import Messages, Pending, Prompted, Session, Sessions, Stopped, Told
from echelon.core.codes import CODES
from echelon.core.decide import Refusal, refuse
from echelon.errors import HostError

MESSAGES_MAX = 50  # of one page
LISTED_MAX = 30  # names that a reason lists
FATE_SECONDS = 3.0  # within which a prompt that is not let in is told; the first one of an OpenCode takes longer
TURN_SECONDS = 12 * 3600.0  # a command answers when its turn is over
REPLIES = ("once", "always", "reject")

Tell = Callable[[str, str, Mapping[str, Any]], None]  # workspace, kind of event, what it carries
_CODED = re.compile(r"\[([A-Z_]+)\]\s*(.*?)(?:\nNext: (.*))?\Z", re.DOTALL)


class Hosting:
    """`run` it as long as the console lives."""

    def __init__(self) -> None:
        self._link = Link(self._changed, self._heard)
        self._reach = Reach(self._link)
        self._tellers: list[Tell] = []
        self._there: frozenset[str] = frozenset()
        self._fates: dict[str, asyncio.Future[str]] = {}
        self._asking: dict[str, bool] = {}  # workspace -> whether what is asked has to be read once more
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Until it is cancelled. Looks for a brain, keeps the connection, tells what happens."""
        await self._link.run()

    def present(self, root: Path | str) -> bool:
        """Whether an OpenCode of the workspace is connected."""
        return os.path.realpath(root) in self._there

    def subscribe(self, tell: Tell) -> Callable[[], None]:
        """`tell(root, kind, payload)` for `host`, `session`, `text`, `message`, `pending`; what is returned ends it."""
        self._tellers.append(tell)
        return lambda: self._tellers.remove(tell) if tell in self._tellers else None

    # ------------------------------------------------------------------------------------------- reads

    async def sessions(self, root: Path | str) -> Sessions:
        """All sessions of the workspace's directories and slots, the newest first; whom and what one can call."""
        seats = self._reach.seats(root)
        found: dict[str, Session] = {}
        for rows in await answers_of([self._reach.listed(seat) for seat in seats]):
            for row in rows:
                if row.id not in found or row.status != "idle":  # two OpenCodes of a directory list the same sessions
                    found[row.id] = row
        agents, commands = await asyncio.gather(
            self._reach.get(main_of(seats), "/agent"), self._reach.get(main_of(seats), "/command")
        )
        newest = sorted(found.values(), key=lambda row: row.updated, reverse=True)
        return Sessions(
            sessions=tuple(newest), agents=hearing.agents_of(agents), commands=hearing.commands_of(commands, COMMANDS)
        )

    async def messages(
        self, root: Path | str, session: str, limit: int = MESSAGES_MAX, before: str = ""
    ) -> Messages | Refusal:
        """A page of a session, the newest or those before `before`, which is the `next` of the page after it."""
        place = await self._reach.place(root, session)
        if isinstance(place, Refusal):
            return place
        query: dict[str, Any] = {"limit": max(1, min(limit, MESSAGES_MAX)), **({"before": before} if before else {})}
        answer = await self._reach.api(place[0], "GET", f"/session/{session}/message", query=query)
        if before and answer.get("status") == 400:
            return refuse("ARGUMENTS_INVALID", "before is no `next` of a page of this session")
        rows, older = hearing.rows(data_of(answer)), hearing.text(answer.get("next"), 1_000)
        return Messages(messages=tuple(map(hearing.said, rows)), more=bool(older), next=older)

    async def pending(self, root: Path | str) -> Pending:
        """What is asked of the person now. Requests of a session that does not run any more are none."""
        found = await answers_of([self._reach.asked(seat) for seat in self._reach.seats(root)])
        return Pending(
            questions=tuple(
                [
                    hearing.question_of(row, await self._reach.info(seat, str(row["sessionID"])))
                    for seat, rows, _ in found
                    for row in rows
                ]
            ),
            permissions=tuple(
                [
                    hearing.permission_of(row, await self._reach.info(seat, str(row["sessionID"])))
                    for seat, _, rows in found
                    for row in rows
                ]
            ),
        )

    # ------------------------------------------------------------------------------------------ writes

    async def prompt(self, root: Path | str, text: str, agent: str = "", session: str = "") -> Prompted | Refusal:
        """Say something in a session, or in a new one."""
        if not text.strip():
            return refuse("ARGUMENT_MISSING", "there is nothing to say: text")
        place = await self._reach.place(root, session)
        if isinstance(place, Refusal):
            return place
        seat, info = place
        names = [row.name for row in hearing.agents_of(await self._reach.get(seat, "/agent"))]
        if agent and agent not in names:
            return _unknown("AGENT_UNKNOWN", agent, names)
        name = session or await self._reach.begin(seat)
        whom = agent or str(info.get("agent") or "")
        body = {"parts": [{"type": "text", "text": text}], **({"agent": whom} if whom else {})}
        busy = name in hearing.part_of(await self._reach.get(seat, "/session/status"))  # then it is read later
        with self._fate(name) as fate:
            data_of(await self._reach.api(seat, "POST", f"/session/{name}/prompt_async", body=body))
            await asyncio.wait({fate}, timeout=0 if busy else FATE_SECONDS)
            error = fate.result() if fate.done() else ""
        if not error:
            return Prompted(session=name, agent=whom)
        await self._reach.forget(seat, name, session)
        return _refusal(error)

    async def command(
        self, root: Path | str, command: str, arguments: str = "", session: str = "", agent: str = ""
    ) -> Prompted | Refusal:
        """A slash command, with its arguments as they were typed. `stop` needs no session and no model."""
        place = await self._reach.place(root, session)
        if isinstance(place, Refusal):
            return place
        seat, command = place[0], command.removeprefix("/").strip()
        known = hearing.commands_of(await self._reach.get(seat, "/command"), COMMANDS)
        if command not in (names := [row.name for row in known]):
            return _unknown("COMMAND_UNKNOWN", command, names)
        if agent and agent not in (
            agents := [row.name for row in hearing.agents_of(await self._reach.get(seat, "/agent"))]
        ):
            return _unknown("AGENT_UNKNOWN", agent, agents)
        if command == "stop":
            told = await self._link.ask(seat, "stop", {}, CALL_SECONDS)
            return Prompted(session=session, agent="", message=hearing.text(told.get("text"), hearing.ASKED_MAX))
        name = session or await self._reach.begin(seat)
        body = {"command": command, "arguments": arguments, **({"agent": agent} if agent else {})}
        if refusal := await self._commanded(seat, name, body):
            await self._reach.forget(seat, name, session)
            return refusal
        named = next(row.agent for row in known if row.name == command)
        return Prompted(session=name, agent=agent or named)

    async def abort(self, root: Path | str, session: str) -> Stopped | Refusal:
        """Stop a session, those below it, what they asked, and the loop: nothing of it goes on by itself."""
        place = await self._reach.place(root, session)
        if isinstance(place, Refusal):
            return place
        seats = [seat for seat in self._reach.seats(root) if seat.directory == place[0].directory]
        done = await answers_of([self._link.ask(seat, "abort", {"session": session}, CALL_SECONDS) for seat in seats])
        names = {kind: dict.fromkeys(name for row in done for name in row[kind]) for kind in ("sessions", "loops")}
        return Stopped(sessions=tuple(names["sessions"]), loops=tuple(names["loops"]))

    async def rework(self, root: Path | str, item: str, attempt: int, said: str) -> Told:
        """Say a person's comments to the session that works on the item, of all OpenCodes of the workspace to one.

        `attempt` is the one that begins with them. Never raises: they are in the files already.
        """
        if not self.present(root):
            return Told(how="none", why="absent")
        given = {"workspace": os.path.realpath(root), "item": item, "attempt": attempt, "said": said}
        try:
            answer = await self._link.ask(self._reach.seats(root)[0], "rework", given, CALL_SECONDS)
            return Told.model_validate(answer)
        except (HostError, ValueError):
            return Told(how="none", why="lost")

    async def reply_question(self, root: Path | str, question: str, answers: Sequence[Sequence[str]]) -> Done | Refusal:
        """A list of chosen labels or own words for each question of the request."""
        found = await self._reach.request(root, "question", question)
        if isinstance(found, Refusal):
            return found
        seat, asked = found
        if len(answers) != (wanted := len(hearing.rows(asked.get("questions")))):
            return refuse("ARGUMENTS_INVALID", f"answers has {len(answers)} of the {wanted} lists that are asked for")
        if any(not any(word.strip() for word in words) for words in answers):
            return refuse("ARGUMENTS_INVALID", "an answer is empty; reject the question, or say something")
        return await self._replied(seat, f"/question/{question}/reply", {"answers": [list(words) for words in answers]})

    async def reject_question(self, root: Path | str, question: str) -> Done | Refusal:
        """Decline. The turn ends, and a loop with it."""
        found = await self._reach.request(root, "question", question)
        return (
            found if isinstance(found, Refusal) else await self._replied(found[0], f"/question/{question}/reject", {})
        )

    async def person_only(self, root: Path | str, permission: str) -> bool:
        """Whether the answer to this request is the person's word for an action of theirs. False for one that is gone."""
        found = await self._reach.request(root, "permission", permission)
        return not isinstance(found, Refusal) and hearing.person_only(str(found[1].get("permission")))

    async def reply_permission(
        self, root: Path | str, permission: str, reply: str, message: str = "", channel: str = "the console"
    ) -> Done | Refusal:
        """`once`, `always` or `reject`; the message of a rejection is read by the agent, and its turn goes on.

        `channel` says in OpenCode's log who answered.
        """
        if reply not in REPLIES:
            return refuse("ARGUMENTS_INVALID", f"reply is one of {', '.join(REPLIES)}")
        found = await self._reach.request(root, "permission", permission)
        if isinstance(found, Refusal):
            return found
        seat, asked = found
        name = hearing.text(asked.get("permission"), hearing.TITLE_MAX)
        if reply == "always" and hearing.person_only(name):
            return refuse("ALWAYS_REFUSED", f"{name} is asked for one call")
        body = {"reply": reply, **({"message": message} if message and reply == "reject" else {})}
        done = await self._replied(seat, f"/permission/{permission}/reply", body)
        if isinstance(done, Done):
            line = f"permission {name} ({permission}) of {asked.get('sessionID')}: {reply}, answered in {channel}"
            log = {"service": "echelon", "level": "info", "message": line}
            with contextlib.suppress(HostError):
                await self._reach.api(seat, "POST", "/log", body=log)
        return done

    # ------------------------------------------------------------------------------------ what happens

    def _changed(self) -> None:
        there = frozenset(seat.workspace for seat in self._link.seats if seat.workspace)
        before, self._there = self._there, there
        for root in before ^ there:
            self._tell(root, "host", {"present": root in there})
        for root in before - there:
            self._tell(root, "pending", Pending().model_dump())
        for root in there:
            self._ask_again(root)

    def _heard(self, seat: Seat, event: Json) -> None:
        kind, found = str(event.get("type")), hearing.part_of(event.get("properties"))
        if kind.startswith(("question.", "permission.")):
            self._ask_again(seat.workspace)
            return
        told = hearing.told(event, seat.slot)
        if told is None:
            return
        if info := hearing.part_of(found.get("info")) if told[0] == "session" else None:
            self._reach.remember(info)
        self._settle(kind, found, told)
        self._tell(seat.workspace, *told)
        if kind in ("session.idle", "session.deleted"):
            self._ask_again(seat.workspace)  # what an ended turn had asked is asked no more

    def _settle(self, kind: str, found: Json, told: tuple[str, Mapping[str, Any]]) -> None:
        """What became of a prompt that somebody waits for: "" when it runs, else why it was not let in."""
        fate = self._fates.get(str(told[1].get("session")))
        if fate is None or fate.done():
            return
        if kind == "session.error":
            fate.set_result(str(told[1].get("error")) or "OpenCode refused it")
        elif kind == "message.updated" and hearing.part_of(found.get("info")).get("role") == "assistant":
            fate.set_result("")

    @contextlib.contextmanager
    def _fate(self, session: str) -> Iterator[asyncio.Future[str]]:
        fate: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._fates[session] = fate
        try:
            yield fate
        finally:
            self._fates.pop(session, None)

    def _tell(self, root: str, kind: str, payload: Mapping[str, Any]) -> None:
        for tell in tuple(self._tellers):
            tell(root, kind, payload)

    def _ask_again(self, root: str) -> None:
        """Read what is asked and tell it; while that is under way, once more after it."""
        if root in self._asking:
            self._asking[root] = True
        elif self._tellers:
            self._asking[root] = False
            self._later(self._tell_pending(root))

    async def _tell_pending(self, root: str) -> None:
        try:
            again = True
            while again:
                self._asking[root] = False
                with contextlib.suppress(HostError):
                    self._tell(root, "pending", (await self.pending(root)).model_dump())
                again = self._asking[root]
        finally:
            del self._asking[root]

    # ------------------------------------------------------------------------------------------ requests

    async def _commanded(self, seat: Seat, session: str, body: Json) -> Refusal | None:
        """OpenCode answers when the turn is over: what is not refused by then is told by events."""
        path = f"/session/{session}/command"
        asked = self._later(self._reach.api(seat, "POST", path, body=body, seconds=TURN_SECONDS, session=session))
        with self._fate(session) as fate:
            await asyncio.wait({asked, fate}, timeout=FATE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            error = fate.result() if fate.done() else ""
        if not asked.done():
            return _refusal(error) if error else None
        answer = asked.result()
        if is_fine(answer):
            return None
        return _refusal(str(answer.get("denied") or error or error_of(answer)))

    async def _replied(self, seat: Seat, path: str, body: Json) -> Done | Refusal:
        answer = await self._reach.api(seat, "POST", path, body=body)
        if answer.get("status") == 404:
            return refuse("REQUEST_GONE")
        data_of(answer)
        return Done()

    def _later(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits for it is told; nobody else has to be


def _refusal(words: str) -> Refusal:
    """A refusal of ours that came back through OpenCode as text, or what OpenCode itself said."""
    found = _CODED.search(words)
    if found and found[1] in CODES:
        return refuse(found[1], found[2].strip() or words, next_step=(found[3] or "").strip())
    return refuse("HOST_FAILED", words)


def _unknown(code: str, name: str, known: Sequence[str]) -> Refusal:
    return refuse(code, f"{name[:80]!r} is none of: {', '.join(known[:LISTED_MAX])}")
