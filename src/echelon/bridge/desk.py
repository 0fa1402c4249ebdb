"""One directory of one OpenCode process: what its hooks ask, answered from the workspace that lies there."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from echelon.bridge import contracts, own_roles, rework, speaking, steering
from echelon.bridge.commands import COMMANDS
from echelon.bridge.halting import halt
from echelon.bridge.keeping import Keeper, workspace_of
from echelon.bridge.liveness import Liveness
from echelon.bridge.looping import Looping, toast
from echelon.bridge.places import is_slot, slot_of
from echelon.bridge.posting import Posts
from echelon.bridge.roles import ROLES
from echelon.bridge.sessions import Session, Sessions, last_words
from echelon.bridge.tools import Call, Tools
from echelon.bridge.wire import CALL_SECONDS, Refused, Wire
from echelon.core import fence, posts, report
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents.render import clean
from echelon.core.fence import Room
from echelon.core.model import Mission, World
from echelon.core.posts import LevelName, Post
from echelon.engine.workspace import Places, find_workspace
from echelon.errors import EchelonError, HostError

EVENTS_REMEMBERED = 500  # ids, to hear an event once where OpenCode tells it twice
DENIALS_MAX = 100  # sessions whose last denial is kept: OpenCode answers a request with an error that does not say why
STARTS = frozenset({  # the actions that start work, and with it the loop of a root session
    "backlog_start_item", "parallel_start_item", "program_start_project", "program_start_projects_parallel",
    "enterprise_start_program", "enterprise_start_programs_parallel",
})  # fmt: skip


def _asked_below(chain: tuple[Session, ...]) -> Refusal | None:
    """A question of a session that a commander above the missions stands over: nobody may be there to answer it."""
    above = ROLES.get(chain[-1].agent) if len(chain) > 1 else None
    ours = above is not None and above.commands not in (None, "mission")
    return refuse("ASKED_BELOW", f"{chain[0].agent} was called by an agent, not by the person") if ours else None


class Desk:
    """Everything is keyed by process and directory; nothing is shared between workspaces.

    OpenCode may make its plugin twice for one directory, and both live (host-opencode.md §3): they share a desk, which
    hears each event once and answers through the connection that came last.
    """

    def __init__(self, directory: str, pid: int, places: Places) -> None:
        self.directory, self.pid, self._places = directory, pid, places
        self.wires: list[Wire] = []
        self._rules: Mapping[str, Any] = {}
        self._tools, self._sessions = Tools(places), Sessions(self.api)
        self._words: dict[str, str] = {}  # session -> what the person last said
        self._heard: dict[str, None] = {}
        self._liveness = Liveness(places.state)
        self._slot = is_slot(directory, places)
        self._looping: Looping | None = None
        self._above: Keeper | None = None  # in a slot: the workspace that it belongs to
        self.guard = ""  # ORCHESTRATOR_STEERING_GUARD, as OpenCode's own environment has it
        self._posts: Posts | None = None
        self._found = asyncio.Event()
        self._denials: dict[str, str] = {}
        self.changed: Callable[[], None] = lambda: None  # told when there is a workspace at last
        self._methods: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            "message": self.message,
            "system": self.system,
            "before": self.before,
            "tool": self.tool,
            "command": self.command,
            "event": self.event,
            "left": self.left,
            "fired": self.fired,
            "rules": self.rules,
        }

    @property
    def looping(self) -> Looping | None:
        """None in a slot, where code is above the session, and where there is no workspace yet."""
        if self._looping is None and not self._slot:
            with contextlib.suppress(EchelonError):  # until `echelon init` makes one: each hook looks again
                keeper = Keeper(find_workspace(Path(self.directory)), self._places)
                self._posts = Posts(keeper)
                self._looping = Looping(self.api, keeper, self._sessions, self.pid)
                self._found.set()
        return self._looping

    async def begin(self) -> None:
        """After the greeting: what was going on goes on, and lost signals are looked for, once there is a workspace."""
        while (looping := self.looping) is None:
            await self._found.wait()
        self.changed()
        with contextlib.suppress(HostError):
            await looping.resume()
        await looping.watch()

    async def api(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        answer = await self.relay({"method": method, "path": path, "body": body, "query": query or {}})
        if answer.get("error") is not None or not 200 <= int(answer.get("status") or 0) < 300:
            detail = str(answer.get("error"))[:300]
            raise HostError("HOST_FAILED", f"OpenCode refused {method} {path}: {detail}", "see its log")
        return answer.get("data")

    async def relay(self, request: Mapping[str, Any], seconds: float = CALL_SECONDS) -> Mapping[str, Any]:
        """What OpenCode's interface answers, be it an error: `status`, `data`, `error`. Raises HostError."""
        if not self.wires:
            raise HostError("HOST_GONE", "OpenCode closed the connection.", "start it again")
        return await self.wires[-1].call("api", request, seconds)

    # --------------------------------------------------------------------------------------- consoles

    def row(self) -> dict[str, Any]:
        """Where it is, as a console reads it; `workspace` is "" where there is none."""
        root = own_roles.workspace_of(self.directory, self._places)
        return {
            "directory": self.directory,
            "pid": self.pid,
            "workspace": os.path.realpath(root) if root else "",
            "slot": slot_of(self.directory, self._places),
        }

    async def halt(self, session: str) -> Mapping[str, Any]:
        return await halt(self.api, self._sessions, self.looping, session)

    # What a person's comments on an item need to know here, and how they are said (rework.py).

    @property
    def posts(self) -> Posts | None:
        return self._posts

    @property
    def sessions(self) -> Sessions:
        return self._sessions

    def world(self) -> World | None:
        """As the files say it now; None where there is no workspace. Raises what reading it raises."""
        keeper = self._workspace()
        return keeper.world() if keeper else None

    async def works_on(self, mission: Mission) -> rework.Works | None:
        """The session here that works on the item, or did last. Raises HostError."""
        if not self._slot:
            return await rework.of_commander(self, mission)
        here = slot_of(self.directory, self._places) == mission.slot
        return await rework.of_slot(self, mission) if here else None

    async def speak(self, works: rework.Works, text: str) -> bool:
        """Say it there; False when a person stopped it meanwhile, and then it was not said. Raises HostError."""
        if self.looping is not None:
            return await self.looping.speaking.speak(works.session, works.root, text, busy=works.busy)
        # Nothing may begin in a slot but by its delivery: a loop that runs takes this up, one that has just ended does not.
        await speaking.say(self.api, works.session, text, begins=False)
        return True

    async def toast(self, message: str, variant: str) -> None:
        await toast(self.api, message, variant)

    def denial(self, session: str) -> str:
        """Why a message or a command of the session was not let in since somebody last asked; "" for none."""
        return self._denials.pop(session, "")

    # ------------------------------------------------------------------------------------------ hooks

    async def answer(self, method: str, params: Mapping[str, Any]) -> Any:
        """What a hook asks or tells. Raises Refused for what no bridge of ours says."""
        if method not in self._methods:
            raise Refused(refuse("BRIDGE_CONFUSED", "unknown request"))
        answer = await self._methods[method](params)
        if method in ("message", "command") and answer.get("deny"):
            self._denials[str(params["sessionID"])] = answer["deny"]
            if len(self._denials) > DENIALS_MAX:
                self._denials.pop(next(iter(self._denials)))
        return answer

    async def message(self, given: Mapping[str, Any]) -> dict[str, Any]:
        session, agent, text = str(given["sessionID"]), str(given["agent"]), str(given.get("text", ""))
        self._sessions.note(session, agent)
        if self.looping is None or self._posts is None:
            return {}
        if denied := self.looping.under_way.message(session, text):
            return {"deny": denied}
        self._words[session] = text[:2000]
        if refused := self._posts.arrived(await self._sessions.chain(session), text):
            self.looping.under_way.over(session)
            return {"deny": str(refused)}
        return {}

    async def system(self, given: Mapping[str, Any]) -> dict[str, Any]:
        session = str(given["sessionID"])
        if self.looping and self.looping.under_way.barred(session):
            return {"deny": str(refuse("LOOP_STOPPED", "stopped before it began"))}
        chain = await self._sessions.chain(session)
        return {"text": await asyncio.to_thread(contracts.text, chain, self._keeper(), self._places, self._posts)}

    async def before(self, given: Mapping[str, Any]) -> dict[str, Any]:
        chain = await self._sessions.chain(str(given["sessionID"]))
        tool, arguments = str(given["tool"]), given.get("args") or {}
        called: Post | Refusal | None = _asked_below(chain) if tool == "question" else None
        if tool == "task" and self._posts:
            called = await self._posts.call(chain, arguments, self._busy)
        room = contracts.room(chain, self._keeper(), self._places, self._posts)
        refused = next((row for row in (called, room) if isinstance(row, Refusal)), None)
        if refused is not None:
            return {"deny": str(refused)}
        ruling = fence.rule(room, tool, arguments, os.path.realpath) if isinstance(room, Room) else fence.Ruling()
        placed = arguments if ruling.arguments is None else ruling.arguments
        if ruling.refusal is None:
            guarded = await self._guarded(tool, placed, chain[0].directory)
            ruling = ruling if guarded == fence.Ruling() else guarded
        if ruling.refusal is not None:
            return {"deny": str(ruling.refusal)}
        if isinstance(called, Post) and self._posts:
            self._posts.expect(chain[0].id, arguments if ruling.arguments is None else ruling.arguments, called)
        return {} if ruling.arguments is None else {"args": dict(ruling.arguments)}

    async def _guarded(self, tool: str, arguments: Mapping[str, Any], directory: str) -> fence.Ruling:
        keeper = self._workspace()
        if keeper is None:
            return fence.Ruling()
        return await steering.judge(tool, arguments, directory, keeper, self.guard, self._log)

    async def _log(self, line: str) -> None:
        """Into OpenCode's own log, where who looks for a reason looks first."""
        with contextlib.suppress(HostError):
            await self.api("POST", "/log", body={"service": "echelon", "level": "warn", "message": line})

    async def _busy(self) -> Collection[str]:
        found: Mapping[str, Any] | None = await self.api("GET", "/session/status")
        return found.keys() if found else ()

    async def tool(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        call = Call(
            str(given["name"]),
            given.get("args") or {},
            str(given["sessionID"]),
            str(given.get("agent") or ""),
            str(given.get("directory") or self.directory),
            str(given.get("granted") or ""),
        )
        post = await self._post(call)
        answer, decision = await self._tools.run(
            call, post, self._rules, lambda line: self._progress(given, line), self._at_work
        )
        if isinstance(decision, Decision) and call.name == "record_escalation":
            about = call.arguments.get("item") or (post.scope if post else "") or "all of it"
            asked = f"{decision.data.get('escalation')}: {call.arguments.get('context')}"
            await toast(self.api, clean(f"{about} waits for your decision, {asked}")[:500], "warning")
        if isinstance(decision, Decision) and call.name in STARTS:
            await self._started(call, post, decision)
        return answer

    async def _at_work(self) -> Collection[str]:
        """Keys of the projects in which a session works, a Commander's too; not those of starts that wait for others."""
        known = self._posts.known() if self._posts else {}
        busy = set(await self._busy()) - self._tools.waits
        return {post.scope for name, post in known.items() if name in busy and post.scope is not None}

    async def _post(self, call: Call) -> Post | None:
        if self._slot:
            return self._post_of_slot()
        keeper = self._keeper()
        if keeper is None or self._posts is None or call.agent not in ROLES:
            return None
        chain = await self._sessions.chain(call.session)
        return self._posts.of((dataclasses.replace(chain[0], agent=call.agent), *chain[1:]), keeper.world())

    def _post_of_slot(self) -> Post | None:
        """Code opened the session there: it is about the item in that slot."""
        keeper, slot = self._workspace(), slot_of(self.directory, self._places)
        missions = keeper.world().missions if keeper else ()
        return next((Post("mission", row.scope, row.item) for row in missions if row.slot == slot), None)

    async def _started(self, call: Call, post: Post | None, decision: Decision) -> None:
        """Work was started: a root session goes on until its level is done. Sessions below another never loop."""
        role, looping = ROLES[call.agent], self.looping
        if looping is None or self._posts is None or role.commands is None:
            return
        now = self._posts.started(call.session, role, post, decision.data)
        scope, loop = now.scope if now else None, looping.keeper.running(call.session)
        if loop is not None:
            looping.keeper.save(dataclasses.replace(loop, scope=scope if loop.scope is None else loop.scope))
        elif not (await self._sessions.get(call.session)).parent:
            words = self._words.get(call.session) or await last_words(self.api, call.session)
            looping.keeper.begin(call.session, role.commands, call.agent, words, self.pid, scope=scope)

    async def _progress(self, given: Mapping[str, Any], line: str) -> None:
        """Show a line at the tool's call in the terminal: OpenCode has no other way (host-opencode.md §4)."""
        session, message = str(given["sessionID"]), str(given["messageID"])
        try:
            found = await self.api("GET", f"/session/{session}/message/{message}")
            part = next(row for row in found["parts"] if row.get("callID") == given.get("callID"))
            if part["state"]["status"] == "running":
                body = {**part, "state": {**part["state"], "title": line[:200]}}
                await self.api("PATCH", f"/session/{session}/message/{message}/part/{part['id']}", body=body)
        except (HostError, StopIteration, KeyError, TypeError):
            return  # only a line for the person

    async def command(self, given: Mapping[str, Any]) -> dict[str, Any]:
        name, session, words = str(given["command"]), str(given["sessionID"]), str(given.get("arguments") or "").strip()
        if name == "stop":
            text = await self.stop()
            await toast(self.api, text, "success")  # the refusal below keeps the model out, and is in the log only
            return {"deny": text}
        if name == "agents":
            rows = [
                f"- {role.name}: {role.description} Calls: {', '.join(role.calls) or 'nobody'}."
                for role in ROLES.values()
            ]
            return {"text": COMMANDS[name].template.replace("$AGENTS", "\n".join(rows))}
        keeper = self._keeper()
        if keeper is None:
            text = str(refuse("NO_WORKSPACE", f"there is no .opencode folder at {self.directory} or above"))
            await toast(self.api, text, "warning")
            return {"deny": text}
        if name == "status":
            lines = await asyncio.to_thread(lambda: report.lines(report.status(keeper.world())))
            return {"text": COMMANDS[name].template.replace("$STATUS", lines)}
        level = COMMANDS[name].starts
        return {} if level is None else await self._begun(keeper, session, name, level, words)

    async def stop(self) -> str:
        """Stop every loop of the workspace; what to tell the person."""
        stopped = await self.looping.stop() if self.looping else []
        return f"Stopped: {len(stopped)} loop(s). Nothing goes on by itself until you say so: /deliver, /task."

    async def _begun(self, keeper: Keeper, session: str, name: str, level: LevelName, words: str) -> dict[str, Any]:
        """The person starts a loop, of the one program, project or item when their words name one."""
        world = keeper.world()
        post = posts.named(world, level, words)
        if isinstance(post, Refusal):
            await toast(self.api, str(post), "warning")
            return {"deny": str(post)}
        post = post or Post(level, posts.natural(world, level))
        if self._posts and level != "mission":
            self._posts.put(session, Post(level, post.scope))
        keeper.begin(session, level, COMMANDS[name].agent, words, self.pid, post.item, post.scope)
        return {}

    async def event(self, given: Mapping[str, Any]) -> None:
        identifier = str(given.get("id") or "")
        if identifier and identifier in self._heard:
            return
        self._heard[identifier] = None
        if len(self._heard) > EVENTS_REMEMBERED:
            self._heard.pop(next(iter(self._heard)))
        properties = given.get("properties") or {}
        session = str(properties.get("sessionID") or (properties.get("info") or {}).get("id") or "")
        kind = given.get("type")
        if self.looping is None or not session:
            return
        if kind == "session.status" and (properties.get("status") or {}).get("type") == "busy":
            self.looping.under_way.runs(session)
        elif kind == "session.idle":
            await self.looping.idle(session)
        elif kind == "question.rejected" or (kind == "permission.replied" and properties.get("reply") == "reject"):
            await self.looping.declined(session)
        elif kind == "session.deleted":
            self.looping.deleted(session)

    async def left(self, given: Mapping[str, Any]) -> None:
        if self.looping:
            self.looping.left(str(given["sessionID"]), str(given.get("agent") or "another agent"))

    async def fired(self, given: Mapping[str, Any]) -> None:
        """A hook fired for the first time here: `echelon doctor` says which never do."""
        await self._liveness.note(str(given["hook"]), self.api)

    async def rules(self, given: Mapping[str, Any]) -> None:
        self._rules = given

    def _keeper(self) -> Keeper | None:
        return self.looping.keeper if self.looping else None

    def _workspace(self) -> Keeper | None:
        """As `_keeper`, and in a slot of the workspace that it belongs to."""
        if self._slot and self._above is None:
            with contextlib.suppress(EchelonError):
                self._above = Keeper(workspace_of(self.directory, self._places), self._places)
        return self._above or self._keeper()
