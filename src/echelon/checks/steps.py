"""The steps that give a clean checkout its dependencies: their shapes, their JSON, and how `init` finds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from echelon.core.setup_shapes import SETUP
from echelon.core.shapes import named
from echelon.errors import InputError

# Dependencies of a Node project by the lock file that names them.
_NODE = {
    "package-lock.json": "npm ci",
    "npm-shrinkwrap.json": "npm ci",
    "pnpm-lock.yaml": "pnpm install --frozen-lockfile",
    "yarn.lock": "yarn install --frozen-lockfile",
}
_VENV = "python3 -m venv .venv"


@dataclass(frozen=True, slots=True)
class Link:
    """The checkout gets a symbolic link to the workspace's own `path`: `.venv`, `node_modules`."""

    path: str


@dataclass(frozen=True, slots=True)
class Copy:
    """The checkout gets a copy of the workspace's own `path`, a file or a directory: `.env.test`."""

    path: str


@dataclass(frozen=True, slots=True)
class Command:
    """`run` makes the paths `produces`; done once for each content of the files `key`, see `prepare`."""

    run: str
    produces: tuple[str, ...]
    key: tuple[str, ...]


Step = Link | Copy | Command


def step_to_json(step: Step) -> dict[str, object]:
    """The step as it stands in the configuration."""
    match step:
        case Link(path):
            return {"link": path}
        case Copy(path):
            return {"copy": path}
        case Command(run, produces, key):
            return {"run": run, "produces": list(produces), "key": list(key)}


def steps_from_json(value: object, where: str = "$.setup") -> tuple[Step, ...]:
    """The steps of a configuration. Raises InputError PREPARE_STEP_INVALID that names the place as a JSON path."""
    for place, words in SETUP.problems(value):
        raise InputError(
            "PREPARE_STEP_INVALID", f"{named(where, place)} {words}.", "see the reference of the settings, `setup`."
        )
    return tuple(_step(entry) for entry in cast("list[dict[str, Any]]", value))


def _step(entry: dict[str, Any]) -> Step:
    if "run" in entry:
        return Command(entry["run"], tuple(entry["produces"]), tuple(entry.get("key", ())))
    return Link(entry["link"]) if "link" in entry else Copy(entry["copy"])


def detect_steps(workspace: Path) -> tuple[Step, ...]:
    """What `echelon init` writes for this workspace: the user's own directories where they exist, else commands."""
    steps = [*_python_steps(workspace), *_node_steps(workspace)]
    return tuple(steps)


def _python_steps(workspace: Path) -> Iterable[Step]:
    for name in (".venv", "venv"):
        if (workspace / name / "pyvenv.cfg").is_file():
            return [Link(name)]
    present = {name for name in ("uv.lock", "pyproject.toml", "setup.py", "setup.cfg") if (workspace / name).is_file()}
    if "uv.lock" in present:
        return [Command("uv sync --frozen", (".venv",), ("uv.lock", "pyproject.toml"))]
    required = sorted(path.name for path in workspace.glob("requirements*.txt") if path.is_file() and _plain(path.name))
    if required:
        files = " ".join(f"-r {name}" for name in required)
        return [Command(f"{_VENV} && .venv/bin/pip install {files}", (".venv",), tuple(required))]
    if present & {"pyproject.toml", "setup.py"}:
        key = tuple(sorted(present - {"uv.lock"}))
        return [Command(f"{_VENV} && .venv/bin/pip install -e . pytest", (".venv",), key)]
    return []


def _plain(name: str) -> bool:
    """A file name that needs no quoting in a command line."""
    return name.replace("-", "").replace("_", "").replace(".", "").isalnum() and name.isascii()


def _node_steps(workspace: Path) -> Iterable[Step]:
    if (workspace / "node_modules").is_dir():
        return [Link("node_modules")]
    for lock, run in _NODE.items():
        if (workspace / lock).is_file():
            return [Command(run, ("node_modules",), (lock, "package.json"))]
    return []
