"""The steps that give a clean checkout its dependencies: their shapes, their JSON, and how `init` finds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import cast

from echelon.errors import InputError

STEPS = 32
PATHS = 32
RUN_CHARACTERS = 8000

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
    if not isinstance(value, list) or len(cast("list[object]", value)) > STEPS:
        raise _wrong(where, f"must be a list of at most {STEPS} steps")
    return tuple(_step(entry, f"{where}[{index}]") for index, entry in enumerate(cast("list[object]", value)))


def _step(value: object, where: str) -> Step:
    if not isinstance(value, dict):
        raise _wrong(where, 'must be an object such as {"link": ".venv"}')
    fields = cast("dict[str, object]", value)
    match sorted(fields):
        case ["link"]:
            return Link(_path(fields["link"], f"{where}.link"))
        case ["copy"]:
            return Copy(_path(fields["copy"], f"{where}.copy"))
        case ["key", "produces", "run"] | ["produces", "run"]:
            run = fields["run"]
            if not isinstance(run, str) or not run.strip() or len(run) > RUN_CHARACTERS or "\0" in run:
                raise _wrong(f"{where}.run", f"must be a command of 1 to {RUN_CHARACTERS} characters")
            produces = _paths(fields["produces"], f"{where}.produces")
            if not produces:
                raise _wrong(f"{where}.produces", "must name at least one path that the command makes")
            return Command(run, produces, _paths(fields.get("key", []), f"{where}.key"))
        case names:
            raise _wrong(where, f'must have "link", or "copy", or "run", "produces" and "key"; it has {names}')


def _paths(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(cast("list[object]", value)) > PATHS:
        raise _wrong(where, f"must be a list of at most {PATHS} paths")
    return tuple(_path(entry, f"{where}[{index}]") for index, entry in enumerate(cast("list[object]", value)))


def _path(value: object, where: str) -> str:
    """A path inside the checkout, with `/` between its parts: never `..`, never git's own."""
    if not isinstance(value, str) or not value or len(value) > 400:
        raise _wrong(where, "must be a path of 1 to 400 characters")
    parts = value.split("/")
    odd = any(part in ("", ".", "..") or part.lower() == ".git" or not part.isprintable() for part in parts)
    if odd or "\\" in value or ":" in value:
        raise _wrong(where, f"must be a path inside the project without '..' or '.git'; it is {value[:80]!r}")
    return str(PurePosixPath(value))


def _wrong(where: str, what: str) -> InputError:
    return InputError("PREPARE_STEP_INVALID", f"{where} {what}.", "see the reference of the settings, `setup`.")


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
