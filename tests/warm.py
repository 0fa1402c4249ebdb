"""`echelon` in a process of its own, without waiting for its imports: a child of one that has made them already.

Run as a program, this is that parent: it imports every command once, reads a job from each line of its input, forks a
process that becomes the command, and answers with its process id and then with how it ended. Arguments, directory,
environment, descriptors, signals and locks are the child's own, as those of `python -m echelon` are; only what the
interpreter itself reads from its environment (PYTHON…) is not, which is why `run` refuses it.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import locale
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

_ONE = threading.Lock()  # one job at a time


def run(words: tuple[str, ...], cwd: Path, env: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """The command's end and what it said, as subprocess.run gives them; TimeoutExpired when it takes longer."""
    assert not any(name.startswith("PYTHON") for name in env if name != "PYTHONPATH"), (
        "those are for an interpreter that starts"
    )
    parent = _parent()
    assert parent.stdin and parent.stdout
    with _ONE, tempfile.TemporaryDirectory(prefix="warm-") as folder:
        said = Path(folder, "out"), Path(folder, "err")
        job = {"words": words, "cwd": os.fspath(cwd), "env": dict(env), "said": [os.fspath(path) for path in said]}
        parent.stdin.write(json.dumps(job).encode() + b"\n")
        parent.stdin.flush()
        pid = int(parent.stdout.readline())
        late: list[bool] = []
        timer = threading.Timer(seconds, lambda: (late.append(True), os.kill(pid, signal.SIGKILL)))
        timer.start()
        code = os.waitstatus_to_exitcode(int(parent.stdout.readline()))
        timer.cancel()
        if late:
            raise subprocess.TimeoutExpired(words, seconds)
        out, err = (path.read_text(locale.getencoding()) for path in said)
    return subprocess.CompletedProcess(words, code, out, err)


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
        pid = os.fork()
        if pid == 0:
            jobs.close()
            answers.close()
            return json.loads(line)
        answers.write(b"%d\n" % pid)
        answers.flush()
        answers.write(b"%d\n" % os.waitpid(pid, 0)[1])
        answers.flush()
    return None


def _become(job: dict[str, Any]) -> None:
    """Take the place, the environment and the streams that the job names."""
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    tempfile.tempdir = None
    sys.argv = ["echelon", *job["words"]]
    for fd, path in enumerate((os.devnull, *job["said"])):
        opened = os.open(path, os.O_RDONLY if fd == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, fd)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = open(1, "w", errors=sys.stdout.errors, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of the tests
    _imports()
    protocol = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    if given := _serve(*protocol):
        _become(given)
        from echelon.cli.main import main

        main()
