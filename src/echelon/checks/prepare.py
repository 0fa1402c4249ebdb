"""Gives a clean checkout the dependencies it needs to run a check: links, copies, and what a command makes once.

Theory of operation. A command runs in a permanent directory `<cache>/prepared/<key>/` that holds files of the tree;
the key covers the command, the key files and the machine. The file `<key>.done` beside it is written last, under a
lock between processes, so a directory without it is begun again. Checkouts get links into that directory: virtual
environments cannot be moved. Sources of the project are never taken from there, see `venv` and `placing`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from echelon.checks import venv
from echelon.checks.cache import write_whole
from echelon.checks.environment import network_variables, system_path
from echelon.checks.placing import copy, link
from echelon.checks.runner import remove_tree, run_check
from echelon.checks.sandbox import NO_SANDBOX, Sandbox
from echelon.checks.steps import Command, Copy, Link, Step, detect_steps, step_to_json, steps_from_json
from echelon.errors import StoppedError, WorldError
from echelon.ports import CheckLimits

__all__ = [
    "Command",
    "Copy",
    "Link",
    "Prepared",
    "Step",
    "dependencies",
    "detect_steps",
    "prepare",
    "step_to_json",
    "steps_from_json",
]

FORMAT = 1
LIMITS = CheckLimits(seconds=1800.0, output_bytes=64 * 1024 * 1024)
LOCK_EXTRA_SECONDS = 60.0  # waiting for another process that prepares the same
LOCK_POLL_SECONDS = 0.1
AGE_SECONDS = 30 * 24 * 3600.0  # a preparation nobody used for so long is removed
FINGERPRINT_ENTRIES = 20_000

# Files that choose the interpreter; they count for every command.
_VERSIONS = (".python-version", ".nvmrc", ".node-version", ".tool-versions")

Materialize = Callable[[Path], None]
TreeFile = Callable[[str], bytes | None]
Stopped = Callable[[], bool]  # whether a person wants it to end


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a check in the checkout must be given. `digest` names the dependencies, the same for every checkout."""

    environment: dict[str, str]
    readable: tuple[Path, ...]
    digest: str


@dataclass(slots=True)
class _Gathered:
    """What the steps have put in place so far."""

    readable: list[Path] = field(default_factory=list[Path])
    bins: list[Path] = field(default_factory=list[Path])
    sources: list[str] = field(default_factory=list[str])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    facts: list[object] = field(default_factory=list[object])


def prepare(
    steps: tuple[Step, ...],
    checkout: Path,
    workspace: Path,
    cache: Path,
    materialize: Materialize,
    tree_files: TreeFile,
    *,
    sandbox: Sandbox = NO_SANDBOX,
    limits: CheckLimits = LIMITS,
    stopped: Stopped = lambda: False,
) -> Prepared:
    """Perform `steps` in `checkout`; doing it again changes nothing.

    `materialize(directory)` writes the tree's files there; give it the base's tree wherever the keys agree, since
    what it writes is run. `tree_files(path)` is the content of one file of the checkout's tree, None when absent.
    Raises: WorldError PREPARE_SOURCE_MISSING, PREPARE_TARGET_EXISTS, PREPARE_FAILED, PREPARE_BUSY; LimitError
    PREPARE_COPY_TOO_LARGE; StoppedError STOPPED soon after `stopped()` says True, and nothing half-made stays.
    """
    checkout, workspace = checkout.resolve(), workspace.resolve()
    gathered = _Gathered()
    for step in steps:
        match step:
            case Link(path):
                source = _source(workspace, path)
                link(checkout, path, source, workspace)
                gathered.facts.append([step_to_json(step), _fingerprint(source)])
                _use(gathered, checkout, path, source, workspace)
            case Copy(path):
                source = _source(workspace, path)
                copy(checkout, path, source)
                gathered.facts.append([step_to_json(step), _fingerprint(source)])
            case Command():
                key = _key(step, tree_files)
                made = _made(step, cache.resolve() / "prepared", key, materialize, sandbox, limits, stopped)
                gathered.facts.append(key)
                for path in step.produces:
                    link(checkout, path, made / path, made)
                    _use(gathered, checkout, path, made / path, made)
    return Prepared(_environment(gathered, checkout), tuple(gathered.readable), _digest(gathered.facts))


def dependencies(steps: tuple[Step, ...], workspace: Path, tree_files: TreeFile) -> str:
    """The `digest` that `prepare` will give, known without a checkout. Raises: WorldError PREPARE_SOURCE_MISSING."""
    workspace = workspace.resolve()
    facts: list[object] = []
    for step in steps:
        if isinstance(step, Command):
            facts.append(_key(step, tree_files))
        else:
            facts.append([step_to_json(step), _fingerprint(_source(workspace, step.path))])
    return _digest(facts)


def _source(workspace: Path, path: str) -> Path:
    source = workspace / path
    if not source.exists():
        raise WorldError(
            "PREPARE_SOURCE_MISSING",
            f"{path} is to be put into checkouts, and the workspace {workspace} has none.",
            "install the project's dependencies, or change `setup` in the settings.",
        )
    return source.resolve()


def _use(gathered: _Gathered, checkout: Path, path: str, source: Path, root: Path) -> None:
    """Note what a linked path means to a check: programs, interpreters, sources."""
    gathered.readable.append(source)
    place = checkout / path
    if venv.is_environment(source):
        gathered.bins.append(place / "bin")
        gathered.environment.setdefault("VIRTUAL_ENV", str(place))
        gathered.readable += venv.interpreter(source)
        gathered.sources += venv.sources(source, root)
    elif place.name == "node_modules":
        gathered.bins.append(place / ".bin")


def _environment(gathered: _Gathered, checkout: Path) -> dict[str, str]:
    """PATH always; PYTHONPATH for Python projects, so that no environment can import another tree's sources."""
    path = os.pathsep.join([*map(str, gathered.bins), system_path()])
    found = {"PATH": path, **gathered.environment}
    marks = ("pyproject.toml", "setup.py", "setup.cfg", "src")
    if "VIRTUAL_ENV" in found or any((checkout / mark).exists() for mark in marks):
        places = [checkout / part for part in ("src", *gathered.sources, "") if (checkout / part).is_dir()]
        found["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(map(str, places)))
    return found


def _made(
    step: Command,
    prepared: Path,
    key: str,
    materialize: Materialize,
    sandbox: Sandbox,
    limits: CheckLimits,
    stopped: Stopped,
) -> Path:
    """The directory in which the command has run, now or earlier, here or in another process."""
    directory, marker = prepared / key, prepared / f"{key}.done"
    prepared.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(prepared / f"{key}.lock", limits.seconds + LOCK_EXTRA_SECONDS, stopped):
        if not marker.is_file() or _missing(step, directory):
            marker.unlink(missing_ok=True)
            _run(step, directory, materialize, sandbox, limits, stopped)
            write_whole(marker, json.dumps(step_to_json(step)).encode())
        os.utime(marker)
        _forget_old(prepared)
    return directory


def _run(
    step: Command,
    directory: Path,
    materialize: Materialize,
    sandbox: Sandbox,
    limits: CheckLimits,
    stopped: Stopped,
) -> None:
    remove_tree(directory)
    directory.mkdir(mode=0o700)
    materialize(directory)
    environment = {**network_variables(), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    try:
        done = run_check(
            step.run, directory, sandbox=sandbox, limits=limits, environment=environment, network=True, stopped=stopped
        )
    except StoppedError:
        remove_tree(directory)
        raise
    missing = _missing(step, directory) if done.outcome == "green" else []
    if done.outcome == "green" and not missing:
        return
    remove_tree(directory)
    what = f"did not make {', '.join(missing)}" if missing else f"failed ({done.why or f'exit {done.exit_code}'})"
    raise WorldError(
        "PREPARE_FAILED",
        f"the preparation `{step.run}` {what}. Its last lines:\n{done.output_tail}",
        "run it in the workspace by hand, and change `setup` in the settings if it fails there too.",
    )


def _missing(step: Command, directory: Path) -> list[str]:
    """What the command was to make and did not make inside its directory."""
    made = {path: (directory / path).resolve() for path in step.produces}
    return [path for path, real in made.items() if not real.exists() or not real.is_relative_to(directory)]


def _key(step: Command, tree_files: TreeFile) -> str:
    files = {path: _sha(content) for path in (*step.key, *_VERSIONS) if (content := tree_files(path)) is not None}
    python = os.path.realpath(shutil.which("python3", path=system_path()) or "")
    machine = [sys.platform, platform.machine(), python, platform.python_version()]
    return _digest([FORMAT, step_to_json(step), files, machine])


def _fingerprint(source: Path) -> object:
    """Names what a linked or copied path holds, without reading all of it."""
    if source.is_file():
        return _sha(source.read_bytes())
    if venv.is_environment(source):
        return [_sha((source / "pyvenv.cfg").read_bytes()), venv.packages(source)]
    listed = source / ".package-lock.json"  # npm's own list of what is in node_modules
    if listed.is_file():
        return _sha(listed.read_bytes())
    entries = sorted(source.iterdir())[:FINGERPRINT_ENTRIES]
    return [[entry.name, entry.lstat().st_mtime_ns] for entry in entries]


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest(facts: list[object]) -> str:
    return _sha(json.dumps(facts, sort_keys=True).encode())


@contextlib.contextmanager
def _locked(path: Path, seconds: float, stopped: Stopped) -> Iterator[None]:
    """One process at a time prepares a key; the kernel frees the lock of one that died."""
    import fcntl  # here because Windows has none and must still import this module

    deadline = time.monotonic() + seconds
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stopped():
                    what = "a set-up command was waiting for the same one of another process."
                    raise StoppedError("STOPPED", what) from None
                if time.monotonic() >= deadline:
                    raise WorldError(
                        "PREPARE_BUSY",
                        f"another process has been preparing the same dependencies for {seconds:.0f} s ({path}).",
                        "wait for it, or end it.",
                    ) from None
                time.sleep(LOCK_POLL_SECONDS)
        yield


def _forget_old(prepared: Path) -> None:
    """Remove preparations that were not used for AGE_SECONDS: longer than any check may run."""
    for marker in prepared.glob("*.done"):
        with contextlib.suppress(OSError):
            if time.time() - marker.stat().st_mtime > AGE_SECONDS:
                marker.unlink()
                remove_tree(marker.with_suffix(""))
