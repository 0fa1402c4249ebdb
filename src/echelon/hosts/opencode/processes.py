"""What is to be known of a process by its id: whether it is still the same one, what it holds, and how it is ended.

An id alone proves nothing: ids are used again. So a process is named by id and start time, and nothing else is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

END_SECONDS = 5.0  # for a process that was asked to end
POLL_SECONDS = 0.05
PS_SECONDS = 10.0
SWEEPS = 5  # a process may start another while it is being ended
# Fields of /proc/<pid>/stat after the name, proc(5): start time is in clock ticks since boot, resident size in pages.
_GROUP_FIELD, _START_FIELD, _RESIDENT_FIELD = 2, 19, 21


def started(pid: int) -> str:
    """When the process began, in words that only compare; "" when there is none, or only its remains."""
    if not sys.platform.startswith("linux"):
        state = _ps("stat", pid)
        return "" if not state or state.startswith("Z") else _ps("lstart", pid)
    fields = _stat(pid)
    return "" if not fields or fields[0] == "Z" else fields[_START_FIELD]


def resident(group: int) -> int:
    """Bytes that the processes of the group hold in memory; 0 when that cannot be told."""
    if not sys.platform.startswith("linux"):
        rows = [row.split() for row in _ps("pgid=,rss", None).splitlines()]
        return sum(int(row[1]) for row in rows if row[:1] == [str(group)]) * 1024
    pages = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) and fields[_GROUP_FIELD] == str(group):
            pages += int(fields[_RESIDENT_FIELD])
    return pages * os.sysconf("SC_PAGE_SIZE")


def end_group(pid: int, start: str) -> bool:
    """End the process that began at `start`, and its group, which it leads. True when it is gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not start or started(pid) != start:
            return True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
        if _gone(pid, start):
            return True
    return False


def end_marked(name: str, value: str) -> int:
    """End what still runs with `name=value` in its environment: commands of a server that is gone. Returns how many.

    OpenCode gives each command a group of its own, so the end of the server's group does not reach them. Linux only:
    nowhere else can the environment of a process be read reliably.
    """
    ended = 0
    for _ in range(SWEEPS):
        found = _marked(f"{name}={value}".encode())
        if not found:
            break
        for pid, start in found:
            if started(pid) == start:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
                    ended += 1
        for pid, start in found:
            _gone(pid, start)
    return ended


def _marked(needle: bytes) -> list[tuple[int, str]]:
    if not sys.platform.startswith("linux"):
        return []
    found: list[tuple[int, str]] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            start = started(int(entry.name))
            if start and needle in (entry / "environ").read_bytes().split(b"\0"):
                found.append((int(entry.name), start))
    return found


def _gone(pid: int, start: str) -> bool:
    until = time.monotonic() + END_SECONDS
    while started(pid) == start:
        if time.monotonic() > until:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name, which may hold spaces and brackets itself."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")[2].split()
    return []


def _ps(fields: str, pid: int | None) -> str:
    chosen = ["-A"] if pid is None else ["-p", str(pid)]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            ["ps", "-o", f"{fields}=", *chosen],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PS_SECONDS, check=False, env={"LC_ALL": "C", "PATH": os.defpath},
        )  # fmt: skip
        return done.stdout.decode("utf-8", "replace").strip()
    return ""
