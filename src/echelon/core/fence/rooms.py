"""Where a path leads, seen from an agent's session: the slot, the person's checkout, other slots, elsewhere.

All paths are POSIX paths. Spelling never decides: a path is joined, cleaned of `.`, `..` and doubled slashes, and looked
at twice, as it is written and as the disk resolves it, so that a link planted in the slot leads nowhere it may not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from echelon.core.decide import Refusal, refuse
from echelon.core.documents.render import one_line
from echelon.core.model import CHECKLIST, SYNC, TODO

PATH_CHARS_MAX = 4096
SHOWN_CHARS = 200
TEMPORARY = (
    "/tmp", "/var/tmp", "/dev/shm",  # noqa: S108 - compared with, not used
    "/private/tmp", "/private/var/tmp", "/var/folders", "/private/var/folders",
)  # fmt: skip
SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt", "/nix/store", "/Library", "/System", "/proc/cpuinfo",
    "/proc/meminfo", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/alternatives", "/etc/fonts",
    "/etc/hosts", "/etc/os-release", "/etc/lsb-release", "/etc/debian_version", "/etc/resolv.conf", "/etc/services",
    "/etc/protocols", "/etc/mime.types", "/etc/localtime", "/etc/timezone", "/etc/nsswitch.conf", "/etc/ld.so.conf",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/stdin", "/dev/stdout",
           "/dev/stderr", "/dev/tty", "/dev/fd")  # fmt: skip
NOBODY = "/~"  # the home folder of somebody whose name the paths do not show
AGENTS_FILES = frozenset({TODO, SYNC, CHECKLIST})
AGENTS_FOLDER = ".opencode/docs"
RECORDS = ".opencode/echelon"

Place = Literal["root", "readable", "checkout", "state", "temporary", "person", "device", "system", "elsewhere"]
_HARMLESS: frozenset[Place] = frozenset({"root", "readable", "temporary", "device", "system"})
_WHOSE: dict[Place, str] = {
    "checkout": "is in the person's checkout, and this work happens in its slot",
    "state": "belongs to another slot or to Echelon's own state",
    "person": "is in the person's home, outside the slot",
}
_STATE = re.compile(r"(/.+)/workspaces/[^/]+/slots/[^/]+/work(?:/|$)")
_PERSON = re.compile(r"(/home/[^/]+|/Users/[^/]+|/root|/var/root)(?:/|$)")


@dataclass(frozen=True, slots=True)
class Room:
    """Where one session works. All paths absolute; `root` real.

    `root`: the only folder it may write in (the slot). `home`: what the host resolves relative paths against.
    `workspace`: the person's checkout. `writes` False: a reviewer. `readable`: further folders that may be read
    (package caches, environments that are linked into the slot).
    """

    root: str
    home: str
    workspace: str
    writes: bool = True
    readable: tuple[str, ...] = ()


def clean(path: str) -> str:
    """The absolute path without `.`, `..`, doubled and trailing slashes."""
    return posixpath.normpath("/" + path.lstrip("/"))


def inside(path: str, folder: str) -> bool:
    """Whether a clean path is the clean folder or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def shown(path: str) -> str:
    """An agent's words in a sentence of ours: one line, no control character, capped."""
    return one_line(path[: 4 * SHOWN_CHARS], SHOWN_CHARS)


def invalid(path: str, why: str) -> Refusal:
    return refuse("PATH_INVALID", f"{shown(path)!r} {why}.", next_step="Give a path below the slot.")


@dataclass(frozen=True, slots=True)
class Ground:
    """A room with what follows from it, and the disk (`real` is os.path.realpath), asked once per path."""

    room: Room
    real: Callable[[str], str]
    temporary: tuple[str, ...] = TEMPORARY
    _known: dict[str, str | None] = field(default_factory=dict)

    @property
    def root(self) -> str:
        return clean(self.room.root)

    @property
    def home(self) -> str:
        return clean(self.room.home)

    @property
    def person(self) -> str:
        """The person's home as far as the paths show it; "" when they do not."""
        found = _PERSON.match(clean(self.room.workspace)) or _PERSON.match(self.root)
        return found[1] if found else ""

    def true(self, path: str) -> str | None:
        """The path as the disk resolves it, None when it can be no path at all."""
        if path not in self._known:
            try:
                self._known[path] = clean(self.real(path))
            except (OSError, ValueError):
                self._known[path] = None
        return self._known[path]

    def checkouts(self) -> tuple[str, ...]:
        """The checkout as it is written and as it is."""
        written = clean(self.room.workspace)
        return written, self.true(written) or written

    def place(self, path: str) -> Place:
        """Whose a clean absolute path is; the nearest owner of several speaks first."""
        state = _STATE.match(self.root + "/")
        rows: tuple[tuple[Place, tuple[str, ...]], ...] = (
            ("root", (self.root,)),
            ("readable", tuple(clean(folder) for folder in self.room.readable)),
            ("checkout", (*self.checkouts(), self.home)),
            ("state", (state[1],) if state else ()),
            ("temporary", self.temporary),
            ("person", (self.person, NOBODY) if self.person else (NOBODY,)),
            ("device", DEVICES),
            ("system", SYSTEM),
        )
        return next((name for name, folders in rows if any(inside(path, folder) for folder in folders)), "elsewhere")

    def rebased(self, path: str) -> str | None:
        """The same path in the slot, for a clean path in the checkout."""
        if inside(path, self.root):
            return path
        base = next((folder for folder in self.checkouts() if inside(path, folder)), None)
        return None if base is None else clean(self.root + "/" + path[len(base.rstrip("/")) :])

    def inner(self, path: str) -> str:
        """A clean path below root, relative to it; "" for root itself."""
        return path[len(self.root) :].strip("/")

    # ------------------------------------------------------------------------------------------------ file tools

    def locate(self, given: str) -> str | Refusal:
        """Where a tool's path argument is to lead: clean, absolute, moved from the checkout into the slot."""
        if "\0" in given or len(given) > PATH_CHARS_MAX:
            return invalid(given, "is no path")
        full = clean(given if given.startswith("/") else f"{self.home}/{given}")
        moved = self.rebased(full)
        if moved is None and not given.startswith("/"):
            if not inside(full, self.home):
                return self.outside(full)
            moved = clean(self.root + "/" + full[len(self.home) :])
        if moved is not None and self.inner(moved).split("/", 1)[0] == "~":
            return refuse(
                "OUTSIDE_SLOT", f"{shown(given)} names the person's home.", next_step=f"Work below {shown(self.root)}."
            )
        return moved or full

    def may_read(self, path: str) -> Refusal | None:
        """A file tool's reading: only what is known to be harmless."""
        true = self.true(path)
        if true is None:
            return invalid(path, "is no path")
        for way in (path, true):
            place = self.place(way)
            if place == "device":
                break  # what it leads to depends on who asks
            if place not in _HARMLESS:
                return self.outside(way, place)
            if place == "root" and (hidden := self.hidden(self.inner(way), git=True)):
                return hidden
        return None

    def may_write(self, path: str) -> Refusal | None:
        """A file tool's writing: only below root, and there not what code keeps."""
        if not self.room.writes:
            return read_only(path)
        true = self.true(path)
        if true is None:
            return invalid(path, "is no path")
        for way in (path, true):
            place = self.place(way)
            if place != "root":
                return self.outside(way, place)
            if kept := self.kept(self.inner(way)):
                return kept
        return None

    # -------------------------------------------------------------------------------------------------- sentences

    def whole(self) -> Refusal:
        return refuse(
            "STATE_FILE", "This would remove the whole slot, state files included.", next_step="Remove files by name."
        )

    def outside(self, path: str, place: Place | None = None) -> Refusal:
        place = place or self.place(path)
        whose = _WHOSE.get(place, "is outside the slot")
        moved = self.rebased(path)
        step = f"Use {shown(moved)}." if moved else f"Stay below {shown(self.root)}."
        return refuse("OUTSIDE_SLOT", f"{shown(path)} {whose}.", next_step=step)

    def hidden(self, inner: str, *, git: bool) -> Refusal | None:
        """What is not even read below root: Echelon's records, and git's own files for the file tools (`git`)."""
        folded = inner.casefold()
        if inside(folded, RECORDS):
            return refuse(
                "STATE_FILE", f"{shown(inner)} is Echelon's own record.", next_step="Ask with Echelon's tools instead."
            )
        if git and inside(folded, ".git"):
            return refuse(
                "GIT_NOT_YOURS", f"{shown(inner)} is git's own.", next_step="Ask git: git status, git log, git show."
            )
        return None

    def kept(self, inner: str) -> Refusal | None:
        """What is not written below root: git's own files, and all of .opencode but the agent's own files."""
        folded = inner.casefold()
        if ".git" in folded.split("/"):
            return refuse(
                "GIT_NOT_YOURS",
                f"{shown(inner)} is git's own, and code merges.",
                next_step="Use git add and git commit.",
            )
        if not inside(folded, ".opencode") or folded in AGENTS_FILES or inside(folded, AGENTS_FOLDER):
            return None
        own = f"Yours are {', '.join(sorted(AGENTS_FILES))} and what is below {AGENTS_FOLDER}/."
        return refuse("STATE_FILE", f"{shown(inner)} is a state file, which only Echelon writes.", next_step=own)


def read_only(what: str) -> Refusal:
    return refuse(
        "READ_ONLY_ROLE",
        f"A reviewer changes nothing, and this would: {shown(what)}.",
        next_step="Say in your answer what should be changed.",
    )
