"""The loops of one OpenCode directory: when a session falls idle, decide once, and send at most one prompt.

Theory of operation. `session.idle` is the only signal. It comes for children, twice after errors, and for every abort,
also of a session that was idle already (host-opencode.md §5.2). So: the last message is looked at; its id is saved as
answered before a prompt goes out; and an idle that comes while a prompt of ours is under way and has not begun to run
can only be a person's stop, after which nothing is sent and nothing that was sent may reach a model.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from echelon.bridge.commands import COMMANDS
from echelon.bridge.keeping import Keeper
from echelon.bridge.sessions import Api, Sessions, Spending, last_turn
from echelon.bridge.speaking import Speaking
from echelon.bridge.underway import SENT_SECONDS, Sent, UnderWay
from echelon.core.loops import Loop
from echelon.engine.consoles import alive
from echelon.errors import EchelonError, HostError

COMMAND_OF = {command.starts: name for name, command in COMMANDS.items() if command.starts}
WATCH_SECONDS = 30.0  # between looks for an idle signal that never came
WAKE_SECONDS = 3.0  # between looks whether what a loop waits for is settled


class Looping:
    def __init__(self, api: Api, keeper: Keeper, sessions: Sessions, host: int) -> None:
        self._api, self.keeper, self._sessions, self._host = api, keeper, sessions, host
        self._spending = Spending(api)
        self._deciding: set[str] = set()
        self._stopping: set[str] = set()  # an idle came while its session was being decided
        self.under_way = UnderWay()
        self.speaking = Speaking(api, self.under_way, self.stopped)
        self._older: set[str] = set()  # roots: one below came to rest while they were decided from what was read before
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------------------------------ what is heard

    async def idle(self, session: str) -> None:
        self.under_way.over(session)
        if session in self._deciding:
            self._stopping.add(session)
            return
        sent = self.under_way.take(session)
        loop = self.keeper.running(session)
        if loop is None:
            chain = await self._sessions.chain(session)
            await self._spending.look(chain[-1].id, session)
            await self._wake(session)
            if self.speaking.began(session):
                await self._look_above(chain[-1].id)
            return
        if sent is not None:
            if loop.failed:  # a failed turn is idle twice
                self.under_way.send(session, sent)
                return
            await self._stop_sent(loop, sent.text)
            return
        await self._decide(loop)

    def left(self, session: str, agent: str) -> None:
        """The person gave the session to an agent of another kind."""
        if loop := self.keeper.unended(session):
            self.keeper.save(loop.ended("paused", "LOOP_STOPPED", f"the session was given to {agent}"))

    async def declined(self, session: str) -> None:
        """The person said no to what a session, or one below it, asked for: asking again is not for us to start."""
        root = (await self._sessions.chain(session))[-1].id
        if loop := self.keeper.unended(root):
            ended = loop.ended("paused", "LOOP_STOPPED", "you declined what it asked for")
            self.keeper.save(ended)
            await self._say(ended)

    def deleted(self, session: str) -> None:
        if loop := self.keeper.unended(session):
            self.keeper.save(loop.ended("paused", "LOOP_STOPPED", "its session was deleted"))

    # ------------------------------------------------------------------------------------------ deciding

    async def _decide(self, loop: Loop) -> None:
        session = loop.session
        self._deciding.add(session)
        try:
            await self._take(loop)
        except EchelonError as error:  # a workspace that cannot be read: stop, and say why
            self.keeper.save(loop.ended("paused", "LOOP_BROKEN", f"{error.code}: {error.message}"))
            await self._say(self.keeper.loops()[session])
        finally:
            self._deciding.discard(session)
            self._stopping.discard(session)
        if session in self._older:
            await self._look_above(session)

    async def _take(self, loop: Loop) -> None:
        """The step that a loop's last turn asks for."""
        session = loop.session
        busy, used, turn = await asyncio.gather(
            self._busy_below(session), self._spending.total(session), last_turn(self._api, session)
        )
        if busy or turn is None:
            return  # background work: its result comes as a prompt of OpenCode's own, and then another idle
        turn = dataclasses.replace(turn, tokens=used.tokens, cost=used.cost)
        step = await asyncio.to_thread(self.keeper.step, loop, turn)
        if step is None or (step.prompt and self.keeper.running(session) is None):
            return  # answered already, or stopped while the files were read
        if turn.error:
            self._stopping.discard(session)  # a failed turn is idle twice
        if session in self._stopping and step.loop.state == "running":
            self.keeper.save(step.loop.ended("paused", "LOOP_STOPPED", "stopped between two turns"))
        elif step.prompt:
            await self._send(step.loop, step.prompt)
            return
        await self._say(self.keeper.loops()[session])

    async def _wake(self, session: str) -> None:
        """A loop that waits goes on when the files say that the level can, and nobody works or speaks there."""
        loop = self.keeper.loops().get(session)
        if loop is None or loop.state != "waiting" or session in self._deciding:
            return
        self._deciding.add(session)
        try:
            busy, turn = await asyncio.gather(self._busy_below(session), last_turn(self._api, session))
            if busy or session in self.under_way.read() or turn is None or turn.role == "user":
                return
            if session in (await self._api("GET", "/session/status") or ()):
                return
            step = await asyncio.to_thread(self.keeper.wake, session, turn)
            if step is not None and step.prompt:
                await self._send(step.loop, step.prompt)
            elif step is not None:
                await self._say(step.loop)
        finally:
            self._deciding.discard(session)
            self._stopping.discard(session)

    async def _busy_below(self, session: str) -> bool:
        read = self.under_way.read()  # before the question: what runs in between is in the answer
        busy = read.union(await self._api("GET", "/session/status") or ())
        chains = [await self._sessions.chain(name) for name in busy if name != session]
        return any(chain[-1].id == session for chain in chains)

    async def _send(self, loop: Loop, text: str, *, again: bool = False) -> None:
        session = loop.session
        sent = self.under_way.send(session, Sent(text, again))
        body = {"agent": loop.agent, "parts": [{"type": "text", "text": text}]}
        await self._api("POST", f"/session/{session}/prompt_async", body=body)
        if session in self._stopping:
            await self._stop_sent(loop, text)
            return
        task = asyncio.ensure_future(self._see_it_run(loop, sent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop_sent(self, loop: Loop, text: str) -> None:
        """A person said stop between two turns: the prompt under way is called back."""
        self.under_way.bar(loop.session, text)
        self.keeper.save(loop.ended("paused", "LOOP_STOPPED", "stopped between two turns"))
        await self._api("POST", f"/session/{loop.session}/abort")
        await self._say(self.keeper.loops()[loop.session])

    async def _see_it_run(self, loop: Loop, sent: Sent) -> None:
        """OpenCode may save a prompt and never run it (host-opencode.md §15 "prompt races"): once more, then give up."""
        await asyncio.sleep(SENT_SECONDS)
        if self.under_way.sent(loop.session) is not sent or self.keeper.running(loop.session) is None:
            return  # it ran, and perhaps others after it
        with contextlib.suppress(HostError):
            if loop.session in (await self._api("GET", "/session/status") or {}):
                self.under_way.take(loop.session)
            elif sent.again:
                self.keeper.save(loop.ended("paused", "LOOP_LOST", "OpenCode took the prompt twice and did not run it"))
                await self._say(self.keeper.loops()[loop.session])
            else:
                await self._send(loop, sent.text, again=True)

    async def _say(self, loop: Loop) -> None:
        """Tell the person in the terminal's own way; where there is none, the report and the next prompt say it."""
        done = loop.state == "done"
        words = "done" if done else "waits, then goes on" if loop.state == "waiting" else "waits for you"
        message = f"{loop.level}: {words} [{loop.code}] {loop.reason}"[:500]
        await toast(self._api, message, "success" if done else "warning")

    def stopped(self, root: str) -> bool:
        """Whether its loop was ended: by the person, or by a limit of theirs. A session without one never was."""
        loop = self.keeper.loops().get(root)
        return loop is not None and not loop.unended

    async def _look_above(self, root: str) -> None:
        self._older.discard(root)
        loop = self.keeper.running(root)
        if root in self._deciding:
            self._older.add(root)
        elif loop is not None:
            with contextlib.suppress(HostError):
                await self._look(loop)

    # ------------------------------------------------------------------------------------------ life

    async def stop(self, root: str = "", reason: str = "stopped by /stop", *, turn: bool = True) -> list[Loop]:
        """The person's stop: everything that runs by itself in this workspace, or in one session, on disk first.

        `turn`: False lets a turn that runs now come to its end.
        """
        stopped = [loop for loop in self.keeper.loops().values() if loop.unended and root in ("", loop.session)]
        for loop in stopped:
            self.keeper.save(loop.ended("paused", "LOOP_STOPPED", reason))
        for loop in stopped:
            if loop.state == "waiting" or not turn:
                continue  # nothing of it runs, or what runs may end
            sent = self.under_way.take(loop.session)
            self.under_way.bar(loop.session, sent.text if sent else "")
            with contextlib.suppress(HostError):
                await self._api("POST", f"/session/{loop.session}/abort")
        return stopped

    async def resume(self) -> None:
        """After the brain came (back): loops of this OpenCode go on; those of one that ended wait for the person."""
        for loop in self.keeper.loops().values():
            if not loop.unended:
                continue
            if loop.host == self._host:
                await (self._look(loop) if loop.state == "running" else self._wake(loop.session))
            elif not alive(loop.host):
                self.keeper.save(
                    loop.ended("paused", "LOOP_HOST_ENDED", f"OpenCode ended; /{COMMAND_OF[loop.level]} goes on")
                )
                await self._say(self.keeper.loops()[loop.session])

    async def watch(self) -> None:
        """Look for lost signals, and for what loops wait for, for ever."""
        looked = time.monotonic()
        while True:
            await asyncio.sleep(WAKE_SECONDS)
            due = time.monotonic() - looked >= WATCH_SECONDS
            looked = time.monotonic() if due else looked
            for loop in self.keeper.loops().values():
                if loop.host != self._host:
                    continue
                with contextlib.suppress(EchelonError):  # a workspace that cannot be read now is read again
                    if loop.state == "waiting":
                        await self._wake(loop.session)
                    elif loop.state == "running" and due:
                        await self._look(loop)

    async def _look(self, loop: Loop) -> None:
        """One loop whose signal may have been lost, or whose prompt was never sent."""
        session = loop.session
        status: Mapping[str, Any] = await self._api("GET", "/session/status") or {}
        if session in status or self.under_way.sent(session) or session in self._deciding:
            return
        turn = await last_turn(self._api, session)
        if turn is None or session in self._deciding or self.under_way.sent(session):
            return
        if turn.message == loop.handled:
            verdict = await asyncio.to_thread(self.keeper.verdict, loop)
            await self._send(loop, f"[Echelon, {loop.level}, turn {loop.turns + 1}] {verdict.text}")
        else:
            await self._decide(loop)


async def toast(api: Api, message: str, variant: str) -> None:
    """A line that a person sees for some seconds, where there is a terminal."""
    with contextlib.suppress(HostError):
        await api("POST", "/tui/show-toast", body={"title": "Echelon", "message": message, "variant": variant})
