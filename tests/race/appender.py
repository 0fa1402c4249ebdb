"""A process that gets so many appends accepted. Arguments: workspace, its name, how many.

Every accepted append carries a number for all (how many lines it found) and one of its own: two detectors.
"""

import sys
from pathlib import Path

from echelon.errors import ConflictError
from echelon.ports import Change
from echelon.store.transaction import Store

PATH = ".opencode/project.md"


class Clock:
    def now(self) -> str:
        return "2026-01-01T00:00:00.000Z"


def append(store: Store, name: str, number: int) -> None:
    """One optimistic attempt. Raises ConflictError when another was faster."""
    snapshot = store.read(PATH)
    content = snapshot.content or b""
    line = b"%d %s %d\n" % (content.count(b"\n"), name.encode(), number)
    change = Change(f"{name}-{number}", name, {}, {PATH: content + line}, {PATH: snapshot})
    store.commit(change)


def main() -> None:
    root, name, wanted = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    store = Store(root, Clock(), wait_seconds=60.0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()  # all begin together
    refused = number = 0
    while number < wanted:
        try:
            append(store, name, number)
        except ConflictError:
            refused += 1
        else:
            number += 1
    sys.stdout.write(f"{refused}\n")


if __name__ == "__main__":
    main()
