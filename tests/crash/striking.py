"""`echelon deliver` until the portfolio is done, the person's answers between, struck at one effect.

Arguments: a file, and `KIND NUMBER before|after` of the effect at which this process kills itself (none: count them all
and write the counts to the file). With threads the order of effects varies, so each kind is counted by itself.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import echelon.store.apply
from echelon.cli.main import run
from echelon.engine.baseline import Baseline
from echelon.engine.engine import Engine
from echelon.engine.work import Work
from echelon.engine.workspace import Workspace
from echelon.slots import checkout, merge
from echelon.slots.worktrees import Slots
from echelon.store.log import OperationLog
from echelon.store.transaction import Store
from fleets import ROUNDS_MAX, person

KINDS: dict[str, tuple[Any, str]] = {
    "commit": (Store, "_commit"),
    "log": (OperationLog, "append"),
    "install": (echelon.store.apply, "rename_file"),  # of one document, working copies among them
    "open_slot": (Work, "begin_slot"),
    "brief_slot": (Work, "brief"),
    "close_slot": (Work, "close_slot"),
    "close_worktree": (Slots, "close"),
    "snapshot": (Slots, "snapshot"),
    "bring_base": (Slots, "bring_base"),
    "merge_commit": (merge, "commit_candidate"),
    "move_base": (merge, "move_base"),
    "record": (Baseline, "record"),
    "checkout": (checkout, "update_checkout"),
}


class Strike:
    def __init__(self, kind: str, number: int, when: str) -> None:
        self._wanted = (kind, number, when)
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def install(self) -> None:
        for kind, (owner, name) in KINDS.items():
            setattr(owner, name, self._around(kind, getattr(owner, name)))

    def _around(self, kind: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def around(*words: Any, **more: Any) -> Any:
            with self._lock:
                self.counts[kind] += 1
                number = self.counts[kind]
            self._at(kind, number, "before")
            answer = real(*words, **more)
            self._at(kind, number, "after")
            return answer

        return around

    def _at(self, *here: object) -> None:
        if here == self._wanted:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    file, kind, number, when = sys.argv[1:]
    strike = Strike(kind, int(number), when)
    strike.install()
    code = 1
    for _ in range(ROUNDS_MAX):
        code = run(["deliver"])
        if code != 1 or not person(Engine(Workspace(Path.cwd())), Path.cwd()):
            break
    Path(file).write_text(json.dumps(strike.counts), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
