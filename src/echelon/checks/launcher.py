"""The parent of a check: sets limits, starts it, and leaves nothing of it behind. Runs as a script of its own.

Why a process between Echelon and the check: a check may kill its parent, so that must not be Echelon; resource
limits must not be set in a forked copy of a threaded program (the `preexec_fn` trap); and on Linux orphans are
handed to the nearest "child subreaper", which lets this process find daemons that left the check's session.

Theory of operation. argv: file descriptor of a socket to Echelon, how many processes are too many, limits as
`NAME=number,...`, then the command. It writes `start <pid>`, and `exit <code>` (128 + n for death by signal n) or
`crowd 1` (too many processes) to the socket. The end of the socket, or anything read from it, means stop: Echelon
died or has had enough. In every case all descendants are killed before the exit. Only cheap modules of the standard library, started as `python -I -S`: every check pays.
"""

from __future__ import annotations

import os
import select
import signal
import sys

TYPE_CHECKING = False  # importing typing would double the start time
if TYPE_CHECKING:
    from typing import Never

PR_SET_DUMPABLE = 4  # <linux/prctl.h>
PR_SET_CHILD_SUBREAPER = 36
SWEEPS = 20_000  # rounds of killing before we give up on something that forks faster than we kill
WATCH_SECONDS = 0.02  # between two looks at the number of processes; one look is one small read
REAP_SECONDS = 0.001


def processes() -> dict[int, tuple[int, int]]:
    """The machine's processes as {pid: (parent, process group)}; empty where there is no /proc. No zombies."""
    found: dict[int, tuple[int, int]] = {}
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib costs this script a third of its start time
    except OSError:
        return found
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - as above
                fields = file.read(4096).rpartition(b")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if len(fields) > 2 and fields[0] not in (b"Z", b"X"):
            found[int(name)] = (int(fields[1]), int(fields[2]))
    return found


def descendants(root: int) -> dict[int, int]:
    """The living processes below `root` as {pid: process group}, itself not included."""
    table = processes()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    below: dict[int, int] = {}
    todo = [root]
    while todo:
        for pid in children.get(todo.pop(), ()):
            below[pid] = table[pid][1]
            todo.append(pid)
    return below


def threads() -> int:
    """All threads of this machine: a cheap bound on the processes; 0 where it is not told."""
    try:
        with open("/proc/loadavg", "rb") as file:  # noqa: PTH123 - as above
            return int(file.read(200).split()[3].split(b"/")[1])
    except (OSError, ValueError, IndexError):
        return 0


def kill_all(below: dict[int, int]) -> None:
    """SIGKILL to groups first: a group is stopped at once, while a fork bomb outruns a list of processes."""
    own = os.getpgrp()
    for group in set(below.values()) - {own, 0, 1}:
        kill(group, group=True)
    for pid in below:
        kill(pid)


def kill(pid: int, *, group: bool = False) -> None:
    """SIGKILL, and no complaint when there is nobody."""
    try:
        if group:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _become_reaper() -> None:
    """Linux: inherit orphans, and close our memory and descriptors to other processes of the same user."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # here because it is slow and only Linux needs it

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _set_limits(limits: dict[str, int]) -> None:
    """Soft and hard limits by their `resource` names; one the system refuses is lowered to what it allows."""
    import resource  # here because Windows has none and must still import this module

    for name, wanted in limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(kind, (value, value))
        except (OSError, ValueError):
            continue  # macOS knows some of the names and takes no value for them


def _start(argv: list[str], limits: dict[str, int]) -> int:
    """Fork; the child becomes the command, in a session of its own so that `kill 0` in a check reaches only it."""
    pid = os.fork()
    if pid == 0:
        _become(argv, limits)
    return pid


def _become(argv: list[str], limits: dict[str, int]) -> Never:
    try:
        os.setsid()
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)  # Python ignores two of them, and a program inherits that
        _set_limits(limits)
        os.execvp(argv[0], argv)  # noqa: S606 - no shell wanted: argv may be the sandbox
    except BaseException as error:  # nothing may return into the parent's code
        os.write(2, f"echelon-check: {argv[0]}: {error}\n".encode("utf-8", "replace"))
    os._exit(127)


def _hurry() -> None:
    """Root is not held by the kernel's limit on processes, so our own must be quick when a thousand others run."""
    if sys.platform.startswith("linux") and os.getuid() == 0:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        except OSError:
            return  # a container may forbid it


_NONE: tuple[int, ...] = ()


def _wait(child: int, control: int, wake: int, most: int) -> int | None:
    """The child's wait status, or None when it was too much or we were told to stop. Reaps what is handed to us."""
    others = threads()
    while True:
        ready, _, _ = select.select((control, wake), _NONE, _NONE, WATCH_SECONDS)
        if control in ready:
            return None
        now = threads()
        if now - others > most:
            ours = len(descendants(os.getpid()))
            if ours > most:
                return None
            others = now - ours  # somebody else has started many; no need to look through them all the time
        if wake not in ready:
            continue
        os.read(wake, 512)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid == child:
                return status
            if pid == 0:
                break


def _sweep(child: int) -> None:
    """Kill and reap until no descendant is left."""
    kill(child, group=True)
    for _ in range(SWEEPS):
        kill_all(descendants(os.getpid()))
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # orphans are our children, so there is nobody
        select.select(_NONE, _NONE, _NONE, REAP_SECONDS)


def main(arguments: list[str]) -> None:
    """Run one command to its end; see the module's theory of operation."""
    control = int(arguments[0])
    os.set_inheritable(control, False)
    _become_reaper()
    limits = {name: int(value) for name, _, value in (part.partition("=") for part in arguments[2].split(","))}
    wake, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _hurry()
    child = _start(arguments[3:], limits)
    os.write(control, b"start %d\n" % child)
    status = _wait(child, control, wake, int(arguments[1]))
    stopped = status is None and bool(select.select((control,), _NONE, _NONE, 0)[0])
    _sweep(child)
    if status is not None:
        code = os.waitstatus_to_exitcode(status)
        os.write(control, b"exit %d\n" % (code if code >= 0 else 128 - code))
    elif not stopped:
        os.write(control, b"crowd 1\n")


if __name__ == "__main__":
    main(sys.argv[1:])
