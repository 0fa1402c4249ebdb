"""The parent of a check: sets limits, starts it, and leaves nothing of it behind. Runs as a script of its own.

Why a process between Echelon and the check: a check may kill its parent, so that must not be Echelon; resource
limits must not be set in a forked copy of a threaded program (the `preexec_fn` trap); and on Linux orphans are
handed to the nearest "child subreaper", which lets this process find daemons that left the check's session.

Theory of operation. argv: file descriptor of a socket to Echelon, limits as `NAME=number,...`, then the
command. It writes `start <pid>` and `exit <code>` (128 + n for death by signal n) to the socket. The end of the
socket, or anything read from it, means stop: Echelon died or has had enough. In every case all descendants are
killed before the exit. Only cheap modules of the standard library, started as `python -I -S`: every check pays.
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
SWEEPS = 2000  # rounds of killing before we give up on something that forks faster than we kill


def processes() -> dict[int, int]:
    """The machine's processes as {pid: parent pid}; empty where there is no /proc. Zombies are left out."""
    found: dict[int, int] = {}
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
        if len(fields) > 1 and fields[0] not in (b"Z", b"X"):
            found[int(name)] = int(fields[1])
    return found


def descendants(root: int) -> list[int]:
    """The living processes below `root`, itself not included."""
    children: dict[int, list[int]] = {}
    for pid, parent in processes().items():
        children.setdefault(parent, []).append(pid)
    below: list[int] = []
    todo = [root]
    while todo:
        for pid in children.get(todo.pop(), ()):
            below.append(pid)
            todo.append(pid)
    return below


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


_NONE: tuple[int, ...] = ()


def _wait(child: int, control: int, wake: int) -> int | None:
    """The child's wait status, or None when we were told to stop. Reaps whatever else was handed to us."""
    while True:
        ready, _, _ = select.select((control, wake), _NONE, _NONE)
        if control in ready:
            return None
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
        for pid in descendants(os.getpid()):
            kill(pid)
        try:
            os.waitpid(-1, 0 if sys.platform.startswith("linux") else os.WNOHANG)
        except ChildProcessError:
            return


def main(arguments: list[str]) -> None:
    """Run one command to its end; see the module's theory of operation."""
    control = int(arguments[0])
    os.set_inheritable(control, False)
    _become_reaper()
    limits = {name: int(value) for name, _, value in (part.partition("=") for part in arguments[1].split(","))}
    wake, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    child = _start(arguments[2:], limits)
    os.write(control, b"start %d\n" % child)
    status = _wait(child, control, wake)
    _sweep(child)
    if status is not None:
        code = os.waitstatus_to_exitcode(status)
        os.write(control, b"exit %d\n" % (code if code >= 0 else 128 - code))


if __name__ == "__main__":
    main(sys.argv[1:])
