"""The proof, run again for the page: one verification of a workspace at a time, in a thread of its own.

A person may stop it, and the end of the console does: its processes end, its checkouts are free again, and what was proved
until then stays shown. Nothing of a run is kept on disk. A console that is killed takes the processes with it
(checks/supervise.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from echelon.console.answers import Answer
from echelon.core.decide import Refusal, refuse
from echelon.core.documents.render import one_line
from echelon.core.evidence import Problem
from echelon.engine.crashes import record
from echelon.engine.verification import Proof, Verification, verify
from echelon.engine.workspace import Workspace
from echelon.errors import EchelonError, StoppedError

KEYS_MAX = 500  # items named at once; all of them is the empty list
PROBLEM_MAX = 2_000  # characters
PROBLEMS_MAX = 50
END_SECONDS = 1.0  # that the end of a console waits for its runs; what is left of them dies with the process
Tell = Callable[[Mapping[str, Any]], None]


class Rerun(Answer):
    """One command now: its outcome on the base and on what was merged."""

    command: str
    base: str
    candidate: str


class ProofRow(Answer):
    key: str
    commit: str
    coverage: str
    holds: bool
    problems: list[str]
    runs: list[Rerun]


class VerificationRun(Answer):
    """`keys` [] means every item. `proofs` grow while it runs; `holds` is None until it has ended, and when it was stopped.

    `stopping`: it was told to, and its processes are ending.
    """

    state: Literal["never", "running", "stopping", "ended", "stopped"] = "never"
    keys: tuple[str, ...] = ()
    total: int = 0
    proofs: tuple[ProofRow, ...] = ()
    problems: tuple[str, ...] = ()
    holds: bool | None = None
    began: str = ""
    ended: str = ""


@dataclass(slots=True)
class Verifying:
    """The newest verification of one workspace. Safe in threads: values are replaced as a whole."""

    run: VerificationRun = field(default_factory=VerificationRun)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def runs(self) -> bool:
        return self.run.state in ("running", "stopping")

    def begin(self, workspace: Workspace, keys: Sequence[str], total: int, tell: Tell) -> VerificationRun | Refusal:
        """`tell` is called from another thread with the run, with its newest proof in place of all."""
        with self._lock:
            if self.runs:
                return refuse("VERIFY_RUNNING")
            self._stop = stop = threading.Event()
            workspace.stopped = stop.is_set
            self.run = VerificationRun(state="running", keys=tuple(keys), total=total, began=workspace.clock.now())
            self._thread = threading.Thread(
                target=self._work, args=(workspace, tuple(keys), tell), name="verify", daemon=True
            )
            self._thread.start()
            return self.run

    def stop(self, tell: Tell) -> VerificationRun | Refusal:
        """A person's word: what runs ends within seconds, and then the run says that it was stopped."""
        with self._lock:
            if not self.runs:
                return refuse("VERIFY_IDLE")
            self._stop.set()
            self._replace(tell, None, state="stopping")
            return self.run

    def end(self) -> None:
        """The console ends, or nobody looks at the workspace any more: tell what runs to stop."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait until nothing of it runs any more, or so long."""
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))

    def _work(self, workspace: Workspace, keys: tuple[str, ...], tell: Tell) -> None:
        def proved(proof: Proof) -> None:
            row = proof_row(proof)
            with self._lock:
                self._replace(tell, row, proofs=(*self.run.proofs, row))

        state: Literal["ended", "stopped"] = "ended"
        problems: list[str] = []
        holds: bool | None
        try:
            found = verify(workspace, keys, proved=proved)
        except StoppedError:
            state, holds = "stopped", None
        except EchelonError as error:
            problems, holds = [_said(error.code, f"{error.message} {error.next_step}".strip())], False
        except Exception as error:
            problems, holds = (
                [_said("CONSOLE_BUG", f"{type(error).__name__}; it is recorded in {record(error)}")],
                False,
            )
        else:
            problems, holds = _overall(found), found.holds
        with self._lock:
            self._replace(tell, None, state=state, problems=tuple(problems), holds=holds, ended=workspace.clock.now())

    def _replace(self, tell: Tell, row: ProofRow | None, **change: Any) -> None:
        self.run = self.run.model_copy(update=change)
        tell({**self.run.model_dump(exclude={"proofs"}), "proof": row.model_dump() if row else None})


def proof_row(proof: Proof) -> ProofRow:
    return ProofRow(
        key=one_line(proof.item, 200),
        commit=proof.commit,
        coverage=proof.coverage,
        holds=proof.holds,
        problems=[_said(row.code, row.message) for row in proof.problems[:PROBLEMS_MAX]],
        runs=[Rerun(command=one_line(name), base=base, candidate=after) for name, (base, after) in proof.runs.items()],
    )


def _overall(found: Verification) -> list[str]:
    rows: Sequence[Problem] = found.problems[:PROBLEMS_MAX]
    return [_said(row.code, row.message) for row in rows]


def _said(code: str, message: str) -> str:
    return f"[{code}] {message}"[:PROBLEM_MAX].encode("utf-8", "replace").decode("utf-8")
