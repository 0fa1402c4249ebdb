"""What the rooms of the shell pass to each other through the engine: values, and the protocols they implement.

Nothing here does anything. `store`, `slots`, `checks` and `hosts` know these shapes and never each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

# ---------------------------------------------------------------------------------------------- store


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document as it was read: `content` is None when the file does not exist.

    `revision` is the sequence number of the operation that last wrote it through the store, 0 when none did.
    `digest` is sha256 hex of the content, "absent" when there is none.
    """

    path: str  # relative to the workspace, "/" between parts
    content: bytes | None
    digest: str
    revision: int


@dataclass(frozen=True, slots=True)
class Change:
    """One accepted decision on its way to disk: all of `writes` happen, or none.

    `expected` are the snapshots the decision was made on, also of documents it only read.
    `request` and `effects` are JSON values, kept in the operation log.
    """

    operation_id: str
    actor: str
    request: Mapping[str, Any]
    writes: Mapping[str, bytes | None]  # None removes the file
    expected: Mapping[str, Snapshot]
    effects: tuple[Mapping[str, Any], ...] = ()
    note: str = ""


# ---------------------------------------------------------------------------------------------- checks

Outcome = Literal["green", "red", "could_not_run"]


@dataclass(frozen=True, slots=True)
class TestCounts:
    """Read from the JUnit report that the runner asked pytest for; None elsewhere where there is none."""

    tests: int
    failures: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of one command in one directory.

    green: exit 0. red: the command ran and said no. could_not_run: not found, not executable, timed out, killed;
    `why` then says which (`not_found`, `not_executable`, `timed_out`, `killed`, `output_flood`, `no_sandbox`).
    """

    outcome: Outcome
    why: str
    exit_code: int | None
    seconds: float
    output_tail: str
    output_digest: str  # sha256 hex of all the output, also of what the tail leaves out
    sandbox: str  # "bubblewrap" or "none"
    counts: TestCounts | None = None


@dataclass(frozen=True, slots=True)
class CheckLimits:
    seconds: float = 600.0
    output_bytes: int = 4 * 1024 * 1024
    tail_lines: int = 20
    memory_bytes: int = 8 * 1024**3
    processes: int = 1024


# ---------------------------------------------------------------------------------------------- slots

SlotStatus = Literal["active", "merging", "conflict"]


@dataclass(frozen=True, slots=True)
class Slot:
    """The place where one item is worked on: a work tree outside the workspace on its own branch."""

    id: str
    path: str  # absolute
    branch: str  # orchestrator/<id>
    base: str  # commit id the work started from


@dataclass(frozen=True, slots=True)
class Candidate:
    """What would be merged, computed aside: a tree, or the files that conflict."""

    base: str  # commit id of the base branch
    head: str  # commit id of the slot's snapshot
    tree: str  # tree id; meaningless when there are conflicts
    conflicts: tuple[str, ...] = ()


# ---------------------------------------------------------------------------------------------- hosts


@dataclass(frozen=True, slots=True)
class HostCapabilities:
    questions: bool
    usage: bool
    abort: bool
    parallel_sessions: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a session is opened for. `attempt` counts from 1; `feedback` says what refused the attempt before."""

    item: str
    mission: str
    attempt: int
    role: Literal["planner", "worker", "reviewer"]
    directory: str  # absolute; the only place the session may write
    prompt: str
    feedback: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)  # question -> the person's answer


@dataclass(frozen=True, slots=True)
class Usage:
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


# "unavailable": the model's provider is not there, and may be later. "denied": it refuses until a person changes
# something, such as a key. Neither is the agent's doing.
EndReason = Literal[
    "claimed_done", "gave_up", "asked", "crashed", "timed_out", "aborted", "no_progress", "unavailable", "denied"
]


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a session's turn ended. `text` is the agent's own words: data, quoted and capped wherever it is shown."""

    reason: EndReason
    text: str = ""
    usage: Usage = Usage()


class Host(Protocol):
    """A program in which agents run. One session at a time per directory."""

    name: str

    def capabilities(self) -> HostCapabilities: ...

    def work(self, assignment: Assignment, on_event: Callable[[str], None], stopped: Callable[[], bool]) -> TurnEnd:
        """Run one session to the end of its turn. Raises HostError when the host itself fails.

        Calls `on_event` with a line for a person now and then, and ends soon after `stopped()` answers True.
        """
        ...


class Clock(Protocol):
    def now(self) -> str:
        """ISO-8601 UTC with milliseconds and a trailing Z."""
        ...
