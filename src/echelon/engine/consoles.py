"""Where the user's web console is: what it wrote of itself into the folder where processes meet."""

from __future__ import annotations

import json
import os
import re
import sys

from echelon.engine.places import runtime
from echelon.errors import WorldError
from echelon.slots.places import read_small

FILE = "console.json"  # {"address", "pid", "since"}; no secret
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d{1,5}/")  # of what is written there nothing else is told


def address() -> str:
    """`http://127.0.0.1:PORT/` of the console that runs, "" for none."""
    try:
        found = json.loads(read_small(runtime() / FILE) or b"{}")
        said, pid = str(found["address"]), int(found["pid"])
    except (ValueError, KeyError, TypeError, WorldError):
        return ""
    return said if _ADDRESS.fullmatch(said) and alive(pid) else ""


def alive(pid: int) -> bool:
    """Whether a process of this id runs. On Windows asking would end it, so there it counts as running."""
    if pid <= 0:
        return False
    try:
        return sys.platform == "win32" or os.kill(pid, 0) is None
    except ProcessLookupError:
        return False
    except OSError:
        return True
