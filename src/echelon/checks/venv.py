"""Facts about a virtual environment: its interpreter, its packages, and the sources it was told to import.

An "editable" install makes an environment import a working tree. Linked into a checkout it would still import the
workspace's code, and the check would prove the wrong tree: so the sources are found here, to be put on PYTHONPATH
at the checkout's own place, which Python looks at before an environment's packages.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

FILES = 500
FILE_BYTES = 256 * 1024


def is_environment(path: Path) -> bool:
    """Whether `path` was made by venv, virtualenv or uv."""
    return (path / "pyvenv.cfg").is_file()


def interpreter(path: Path) -> tuple[Path, ...]:
    """Directories outside the environment that its Python needs: must stay readable in a sandbox."""
    found = [(path / "bin" / "python").resolve().parent.parent]
    for line in _text(path / "pyvenv.cfg").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "home" and value.strip().startswith("/"):
            found.append(Path(value.strip()).parent)
    return tuple(place for place in dict.fromkeys(found) if place.is_dir() and place != Path("/"))


def packages(path: Path) -> list[str]:
    """Names of what is installed, with versions, sorted: changes when somebody installs something."""
    endings = (".dist-info", ".egg-info", ".pth", ".egg-link")
    return sorted(entry.name for site in _sites(path) for entry in site.iterdir() if entry.name.endswith(endings))


def sources(path: Path, root: Path) -> list[str]:
    """Directories below `root` that the environment imports from, relative to it, "" for the root itself."""
    found = [place for site in _sites(path) for place in [*_path_lines(site), *_finders(site)]]
    inside = [place for place in found if place.is_relative_to(root) and not place.is_relative_to(path)]
    return list(dict.fromkeys(str(place.relative_to(root)).removeprefix(".") for place in inside))


def _sites(path: Path) -> list[Path]:
    return [site for site in sorted(path.glob("lib/python3*/site-packages")) if site.is_dir()]


def _path_lines(site: Path) -> Iterator[Path]:
    """Lines of .pth files that name a directory (docs.python.org, module site)."""
    for file in sorted(site.glob("*.pth"))[:FILES]:
        for line in _text(file).splitlines():
            if line.strip() and not line.startswith(("#", "import ", "import\t")):
                yield (site / line.strip()).resolve()


def _finders(site: Path) -> Iterator[Path]:
    """Packages that setuptools maps in `__editable___<name>_finder.py`: the directories that hold them."""
    for file in sorted(site.glob("__editable___*_finder.py"))[:FILES]:
        try:
            body = ast.parse(_text(file)).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for target, value in _assignments(body):
            if target == "MAPPING":
                for place in _strings(value):
                    yield Path(place).resolve().parent


def _assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _strings(value: ast.expr) -> list[str]:
    try:
        mapping = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return []
    entries = cast("dict[object, object]", mapping).values() if isinstance(mapping, dict) else ()
    return [entry for entry in entries if isinstance(entry, str)]


def _text(path: Path) -> str:
    """The beginning of a small text file, "" when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
