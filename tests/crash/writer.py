"""A process that commits operations in turn and acknowledges each on its standard output.

Arguments: workspace, number of the first operation, and `die` to kill itself between a commit and its acknowledgement,
`forget` to use a store that does not know its operations again (the mutant).
"""

import os
import signal
import sys
from pathlib import Path

from echelon.ports import Change
from echelon.store.transaction import Store

LINES, COUNT = ".opencode/project.md", ".opencode/projects/count.md"


class Clock:
    def now(self) -> str:
        return "2026-01-01T00:00:00.000Z"


def main() -> None:
    root, number, *modes = sys.argv[1:]
    store = Store(Path(root), Clock())
    if "forget" in modes:
        store._log.find = lambda *_: None  # type: ignore[method-assign]
    for current in range(int(number), 10**6):
        snapshots = {path: store.read(path) for path in (LINES, COUNT)}
        lines = (snapshots[LINES].content or b"") + b"- operation %d\n" % current
        writes = {LINES: lines, COUNT: b"%d\n" % lines.count(b"\n")}
        store.commit(Change(f"op-{current}", "writer", {"number": current}, writes, snapshots))
        if "die" in modes:
            os.kill(os.getpid(), signal.SIGKILL)
        sys.stdout.write(f"{current}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
