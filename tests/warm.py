"""`echelon` in a process of its own, without waiting for its imports: a child of one that has made them already.

Run as a program, this is that parent: it imports every command once, reads a job from each line of its input, forks a
process that becomes the command, and answers with its process id and then with how it ended. What goes on beside the
test (`start`) has a process above it that waits and tells its end. Arguments, directory, environment, descriptors,
signals and locks are the child's own, as those of `python -m echelon` are; only what the interpreter itself reads from
its environment (PYTHON…) is not, which is why it is refused.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import locale
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TextIO

_ONE = threading.Lock()  # one job at a time


def run(words: tuple[str, ...], cwd: Path, env: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """The command's end and what it said, as subprocess.run gives them; TimeoutExpired when it takes longer."""
    parent = _parent()
    assert parent.stdout
    with _ONE, tempfile.TemporaryDirectory(prefix="warm-") as folder:
        said = Path(folder, "out"), Path(folder, "err")
        pid = _begin(parent, words, cwd, env, (os.devnull, *map(os.fspath, said)), "")
        late: list[bool] = []
        timer = threading.Timer(seconds, lambda: (late.append(True), os.kill(pid, signal.SIGKILL)))
        timer.start()
        code = os.waitstatus_to_exitcode(int(parent.stdout.readline()))
        timer.cancel()
        if late:
            raise subprocess.TimeoutExpired(words, seconds)
        out, err = (path.read_text(locale.getencoding()) for path in said)
    return subprocess.CompletedProcess(words, code, out, err)


@dataclass
class Started:
    """A command that goes on: what subprocess.Popen is for a child of our own, with pipes for what goes in and comes out."""

    pid: int
    stdin: TextIO
    stdout: TextIO
    _end: BinaryIO
    returncode: int | None = None

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("echelon", timeout or 0)
            with self._end:
                self.returncode = os.waitstatus_to_exitcode(int(self._end.readline()))
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(words: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> Started:
    """The command beside the test, both its outputs in one; its input ends when this process does."""
    with _ONE, tempfile.TemporaryDirectory(prefix="warm-") as folder:
        given, said, end = (Path(folder, name) for name in ("in", "out", "end"))
        for path in (given, said, end):
            os.mkfifo(path, 0o600)
        pid = _begin(_parent(), words, cwd, env, (str(given), str(said), str(said)), str(end))
        # Each waits for the other side to open it, too: in the order in which those do.
        ended, into, out = end.open("rb"), given.open("w"), said.open()
    return Started(pid, into, out, ended)


def _begin(
    parent: subprocess.Popen[bytes], words: tuple[str, ...], cwd: Path, env: Mapping[str, str],
    streams: tuple[str, ...], end: str,
) -> int:  # fmt: skip
    assert not any(name.startswith("PYTHON") for name in env if name != "PYTHONPATH"), (
        "those are for an interpreter that starts"
    )
    assert parent.stdin and parent.stdout
    job = {"words": words, "cwd": os.fspath(cwd), "env": dict(env), "streams": streams, "end": end}
    parent.stdin.write(json.dumps(job).encode() + b"\n")
    parent.stdin.flush()
    return int(parent.stdout.readline())


@functools.cache
def _parent() -> subprocess.Popen[bytes]:
    """One for this process of tests; it ends when its input does."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH")}
    parent = subprocess.Popen([sys.executable, __file__], env=kept, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end() -> None:
        for stream in (parent.stdin, parent.stdout):
            if stream:
                stream.close()
        parent.wait()

    atexit.register(end)
    return parent


# ------------------------------------------------------------------------------------------------- the parent


def _imports() -> None:
    """Every module of the package; what they import late is imported late in the child, too."""
    import echelon

    for module in pkgutil.walk_packages(echelon.__path__, "echelon."):
        if not module.name.startswith(("echelon.examples", "echelon.testing", "echelon.__main__")):
            importlib.import_module(module.name)


def _serve(jobs: BinaryIO, answers: BinaryIO) -> dict[str, Any] | None:
    """Fork for every job: the job in the child, None in the parent when there are no more."""
    for line in jobs:
        _bury()
        job = json.loads(line)
        if job["end"] and os.fork() == 0:
            return _keep(job, jobs, answers)
        if job["end"]:
            continue
        pid = os.fork()
        if pid == 0:
            jobs.close()
            answers.close()
            return job
        answers.write(b"%d\n" % pid)
        answers.flush()
        answers.write(b"%d\n" % os.waitpid(pid, 0)[1])
        answers.flush()
    _bury()
    return None


def _keep(job: dict[str, Any], jobs: BinaryIO, answers: BinaryIO) -> dict[str, Any]:
    """The job in a child of this process, which waits for it and ends when it told how that one did."""
    pid = os.fork()
    if pid:
        answers.write(b"%d\n" % pid)
        answers.flush()
    jobs.close()
    answers.close()
    if not pid:
        return job
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError), Path(job["end"]).open("wb", buffering=0) as end:
        end.write(b"%d\n" % os.waitpid(pid, 0)[1])
    os._exit(0)


def _bury() -> None:
    """Those that kept a command which has ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(job: dict[str, Any]) -> None:
    """Take the place, the environment and the streams that the job names."""
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    tempfile.tempdir = None
    sys.argv = ["echelon", *job["words"]]
    for fd, path in enumerate(job["streams"]):
        if fd == 2 and path == job["streams"][1]:
            os.dup2(1, 2)
            continue
        opened = os.open(path, os.O_RDONLY if fd == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, fd)
        os.close(opened)
    # These are open for as long as the process lives.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - see above
    lines = 1 if job["end"] else -1  # somebody reads each line of what goes on
    sys.stdout = open(1, "w", buffering=lines, errors=sys.stdout.errors, closefd=False)  # noqa: SIM115 - see above
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115 - see above


def _code(main: Callable[[], object]) -> int:
    """What the interpreter would end with; a traceback of what nobody caught."""
    try:
        main()
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        sys.stderr.write(f"{error.code}\n")
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """As the interpreter ends, but for taking each module apart, which costs more than most commands do."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = 120  # as the interpreter says it
    os._exit(code & 0xFF)


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of the tests
    _imports()
    gc.freeze()  # a child that collects garbage would copy all of it
    protocol = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    if given := _serve(*protocol):
        _become(given)
        from echelon.cli.main import main

        _end(_code(main))
