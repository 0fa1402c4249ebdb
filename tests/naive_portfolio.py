"""A naive model of enterprise, programs, projects and items: what changes, and with which code all else is refused.

Written from the specification (peer-levels.md section 5, issue 4), not from the code: dictionaries and if, nothing
shared with echelon.core. An item is `PRJ-001/B001` here; ids of projects are unique in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

BACK = {"resume": "suspended", "reopen": "failed", "waive": "failed"}
ENDS = {"close": "delivered", "fail": "failed", "suspend": "suspended"}


@dataclass
class Node:
    parent: str  # "" for a program
    priority: int = 2
    depends: tuple[str, ...] = ()
    state: str = "pending"
    waived: bool = False

    @property
    def settled(self) -> bool:
        return self.state == "delivered" or (self.state == "failed" and self.waived)


@dataclass
class Flight:
    spec: int
    phase: str = "working"


@dataclass
class Escalation:
    level: str
    scope: str  # "" for the enterprise, a program, a project
    about: str  # "" for all of the scope, else a program, a project, an item
    pending: bool = True


@dataclass
class Model:
    programs: dict[str, Node]
    projects: dict[str, Node]
    items: dict[str, Node]
    budget: int
    parallel: bool
    flights: dict[str, Flight] = field(default_factory=dict)
    escalations: list[Escalation] = field(default_factory=list)
    spec: dict[str, int] = field(default_factory=dict)  # project -> version
    desk: str = ""  # the program whose working copies are laid out
    front: str = ""  # the project whose working copies are laid out
    torn: set[str] = field(default_factory=set)  # documents edited differently: "PRJ-001 backlog", "PGM-001"

    # ------------------------------------------------------------------------------------------------ looking

    def nodes(self, level: str) -> dict[str, Node]:
        return {"program": self.programs, "project": self.projects, "item": self.items}[level]

    def below(self, level: str, parent: str) -> list[str]:
        return [name for name, one in self.nodes(level).items() if one.parent == parent]

    def runs(self, project: str) -> bool:
        one = self.projects[project]
        return one.state == "active" and self.programs[one.parent].state == "active"

    def used(self) -> int:
        return sum(one.state == "active" and self.runs(one.parent) for one in self.items.values())

    def kept(self, projects: list[str]) -> int:
        return sum(one.state == "active" for one in self.items.values() if one.parent in projects)

    def no_room(self, projects: list[str]) -> bool:
        return bool(self.kept(projects) and self.used()) and self.used() + self.kept(projects) > self.budget

    def held(self, level: str, scope: str, about: str) -> bool:
        return any(
            one.pending and (one.level, one.scope) == (level, scope) and one.about in ("", about)
            for one in self.escalations
        )

    def program_held(self, name: str) -> bool:
        return self.held("enterprise", "", name)

    def project_held(self, name: str) -> bool:
        parent = self.projects[name].parent
        return self.held("program", parent, name) or self.program_held(parent)

    def item_held(self, name: str) -> bool:
        parent = self.items[name].parent
        return self.held("project", parent, name) or self.project_held(parent)

    def gaps(self, level: str, name: str) -> list[str]:
        """The codes of all that stands in the way of a pending one."""
        held = {"program": self.program_held, "project": self.project_held, "item": self.item_held}[level]
        found = ["ESCALATION_PENDING"] if held(name) else []
        for wanted in self.nodes(level)[name].depends:
            other = self.nodes(level).get(wanted)
            if other is None:
                found.append("UNKNOWN_DEPENDENCY")
            elif not other.settled:
                found.append("DEPENDENCY_FAILED" if other.state == "failed" else "DEPENDENCY_UNMET")
        return found

    def ready(self, level: str, parent: str) -> list[str]:
        """Those that could start, the first one first."""
        rows = [name for name in self.below(level, parent) if self.nodes(level)[name].state == "pending"]
        rows = [name for name in rows if not self.gaps(level, name)]
        return sorted(rows, key=lambda name: self.nodes(level)[name].priority)

    def startable(self) -> set[str]:
        """The items that could start now, if there were room."""
        return {name for project in self.projects if self.runs(project) for name in self.ready("item", project)}

    # --------------------------------------------------------------------------------------- programs, projects

    def move(self, level: str, verb: str, name: str, parent: str, *, parallel: bool, limit: int = 0) -> str:
        """`name` "" leaves it open, and so does `parent`. "" when accepted and done, else the code."""
        if level == "project":
            active = [one for one in self.programs if self.programs[one].state == "active"]
            if not parent and len(active) != 1:
                return "ITEM_AMBIGUOUS" if active else "PROGRAM_NOT_ACTIVE"
            parent = parent or active[0]
            if self.programs[parent].state != "active":
                return "PROGRAM_NOT_ACTIVE"
            if parent in self.torn:
                return "COPIES_DIVERGED"
        if verb == "start":
            return self.start_node(level, name, parent, parallel=parallel, limit=limit)
        return self.end_node(level, verb, name, parent)

    def busy(self, level: str, parent: str) -> list[str]:
        return [name for name in self.below(level, parent) if self.nodes(level)[name].state == "active"]

    def start_node(self, level: str, name: str, parent: str, *, parallel: bool, limit: int) -> str:
        busy, nodes = self.busy(level, parent), self.nodes(level)
        if busy and not parallel:
            return f"{level.upper()}_IN_PROGRESS"
        if limit and len(busy) >= limit:
            return "CAPACITY_REACHED"
        if name:
            if name not in self.below(level, parent):
                return f"{level.upper()}_UNKNOWN"
            if nodes[name].state != "pending":
                return "TRANSITION_REFUSED"
            codes = {*self.problems(level, name), *self.gaps(level, name)}
            if codes:
                return codes.pop() if len(codes) == 1 else "ITEM_NOT_ELIGIBLE"
        else:
            rows = [one for one in self.ready(level, parent) if not self.problems(level, one)]
            if not rows:
                done = all(nodes[one].settled for one in self.below(level, parent))
                complete = "PROGRAM_COMPLETE" if level == "project" else "ENTERPRISE_COMPLETE"
                codes = {code for one in self.ready(level, parent) for code in self.problems(level, one)}
                waits = [one for one in self.below(level, parent) if nodes[one].state == "pending"]
                alone = len(codes) == 1 and not any(self.gaps(level, one) for one in waits)
                return complete if done else codes.pop() if alone else "NOTHING_ELIGIBLE"
            name = rows[0]
        beside = self.front if level == "project" else self.desk
        near = level == "program" or (beside != "" and self.projects[beside].parent == parent)
        if parallel and beside and near and self.tears(level, beside):
            return "COPIES_DIVERGED"
        nodes[name].state = "active"
        self.lay_out(level, name, parallel=parallel)
        return ""

    def problems(self, level: str, name: str) -> list[str]:
        inside = [name] if level == "project" else self.busy("project", name)
        if level == "project" and {f"{name} spec", f"{name} backlog"} & self.torn:
            return ["COPIES_DIVERGED"]
        return ["CAPACITY_REACHED"] if self.no_room(inside) else []

    def lay_out(self, level: str, name: str, *, parallel: bool) -> None:
        if level == "program" and not parallel:
            inside = self.busy("project", name)
            self.desk, self.front = name, inside[0] if len(inside) == 1 else ""
        elif level == "program":
            self.desk = self.front = ""
        elif not parallel and self.projects[name].parent == self.desk:
            self.front = name
        elif parallel and self.front and self.projects[name].parent == self.projects[self.front].parent:
            self.front = ""

    def end_node(self, level: str, verb: str, name: str, parent: str) -> str:
        busy, nodes = self.busy(level, parent), self.nodes(level)
        if not name and len(busy) != 1:
            return "ITEM_AMBIGUOUS" if busy else f"{level.upper()}_NOT_ACTIVE"
        name = name or busy[0]
        if name not in self.below(level, parent):
            return f"{level.upper()}_UNKNOWN"
        one = nodes[name]
        allowed = [BACK[verb]] if verb in BACK else ["active"]
        if one.state not in allowed + (["delivered"] if verb == "reopen" else []):
            return "TRANSITION_REFUSED"
        if verb == "close" and not self.complete(level, name):
            return f"{level.upper()}_INCOMPLETE"
        if verb == "waive" and one.waived:
            return "ARGUMENT_MISSING"
        if verb in ENDS and self.tears(level, name):
            return "COPIES_DIVERGED"
        one.waived = verb == "waive" or (one.waived and verb != "reopen")
        one.state = ENDS.get(verb) or ("failed" if verb == "waive" else "pending")
        if verb in ENDS and name in (self.front, self.desk):
            self.front, self.desk = "", "" if name == self.desk else self.desk
        return ""

    def tears(self, level: str, name: str) -> bool:
        """Whether ending it would have to write documents that a person edited differently."""
        inside = [name] if level == "project" else [one for one in self.projects if self.projects[one].parent == name]
        mine = {f"{one} {what}" for one in inside for what in ("spec", "backlog", "journal")}
        return bool(self.torn & (mine | {name}))

    def complete(self, level: str, name: str) -> bool:
        below = {"project": "item", "program": "project"}[level]
        rows = self.below(below, name)
        waiting = any(one.pending and (one.level, one.scope) == (level, name) for one in self.escalations)
        flying = any(self.items[one].parent == name for one in self.flights)
        return bool(rows) and all(self.nodes(below)[one].settled for one in rows) and not waiting and not flying

    # ------------------------------------------------------------------------------------------------- items

    def start(self, project: str, item: str, *, parallel: bool, limit: int = 0) -> str:
        if self.torn & {f"{project} {what}" for what in ("spec", "backlog", "journal")}:
            return "COPIES_DIVERGED"
        if not self.runs(project):
            return "PROJECT_NOT_ACTIVE"
        own = self.busy("item", project)
        if not parallel and self.used():
            return "ITEM_IN_PROGRESS"
        if parallel and not self.parallel:
            return "PARALLELISM_OFF"
        if self.used() >= self.budget or (limit and len(own) >= limit):
            return "CAPACITY_REACHED"
        if not item:
            rows = self.ready("item", project)
            if not rows:
                done = all(self.items[one].settled for one in self.below("item", project))
                return "BACKLOG_COMPLETE" if done else "NOTHING_ELIGIBLE"
            item = rows[0]
        if item not in self.below("item", project):
            return "ITEM_UNKNOWN"
        if self.items[item].state != "pending":
            return "TRANSITION_REFUSED"
        gaps = self.gaps("item", item)
        if gaps:
            return gaps[0] if len(gaps) == 1 else "ITEM_NOT_ELIGIBLE"
        self.items[item].state = "active"
        self.flights[item] = Flight(self.spec.get(project, 0))
        return ""

    def ask(self, kind: str, item: str) -> str:
        """Whatever else is asked about an item."""
        project = item.partition("/")[0]
        if item not in self.items:
            return "ITEM_UNKNOWN"
        one = self.items[item]
        if one.state != BACK.get(kind, "active"):
            return "TRANSITION_REFUSED"
        if kind == "resume" and self.item_held(item):
            return "ESCALATION_PENDING"
        if kind == "waive" and one.waived:
            return "ARGUMENT_MISSING"
        flight = self.flights.get(item)
        if kind in ("verify", "close") and flight and flight.spec != self.spec.get(project, 0):
            return "SPEC_CHANGED"
        if kind == "merged" and flight and flight.phase != "merging":
            return "NOT_PROVED"
        writes = {"verify": (), "close": ()}.get(kind, ("backlog", "journal"))
        if self.torn & {f"{project} {what}" for what in writes}:
            return "COPIES_DIVERGED"
        if kind == "close" and flight:
            flight.phase = "merging"
        elif kind in ("merged", "fail", "suspend"):
            one.state = ENDS.get(kind, "delivered")
            del self.flights[item]
        elif kind in BACK:
            one.waived = kind == "waive" or (one.waived and kind != "reopen")
            one.state = "failed" if kind == "waive" else "pending"
        return ""

    # ------------------------------------------------------------------------------------ escalations, the budget

    def escalate(self, level: str, scope: str, about: str) -> str:
        flying = level == "project" and about in self.flights
        writes = {f"{scope} journal"} if level == "project" else {scope}
        if (writes | ({f"{scope} backlog"} if flying else set())) & self.torn:
            return "COPIES_DIVERGED"
        self.escalations.append(Escalation(level, scope, about))
        if flying:
            self.items[about].state = "suspended"
            del self.flights[about]
        return ""

    def resolve(self, at: int) -> str:
        if at >= len(self.escalations) or not self.escalations[at].pending:
            return "ESCALATION_UNKNOWN"
        one = self.escalations[at]
        if {f"{one.scope} journal", one.scope} & self.torn:
            return "COPIES_DIVERGED"
        one.pending = False
        return ""
