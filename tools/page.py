"""Build the console's page: web/ -> src/echelon/console/page/, which git ignores and wheel and sdist hold.

    python tools/page.py             # does nothing when no source has changed since
    python tools/page.py check       # types of the page and its unit tests

What npm installs is decided by web/package-lock.json. The service writes web/openapi.json, from which the page's types are
made. The stamps of what was done lie beside what npm installed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from node import NodeMissingError, tools

ROOT = Path(__file__).resolve().parent.parent
WEB, PAGE = ROOT / "web", ROOT / "src" / "echelon" / "console" / "page"
MODULES = WEB / "node_modules"
OPENAPI = WEB / "openapi.json"
BUILT, INSTALLED, ASKED = (MODULES / f".echelon-{word}" for word in ("built", "installed", "asked"))
MADE = {"node_modules", "client", "page", "examples", "__pycache__"}  # folders that are no source
NPM_SECONDS = 900
SAID_MAX = 3000  # characters of npm's words; its help follows its errors


def sources(top: Path, ending: str = "") -> list[Path]:
    """Every file below that decides what the page is."""
    found: list[Path] = []
    for folder, names, files in os.walk(top):
        names[:] = sorted(name for name in names if name not in MADE)
        found += [Path(folder) / name for name in sorted(files) if name.endswith(ending)]
    return found


def digest(files: list[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        found.update(f"{path.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _run(*words: str) -> None:
    folder, npm = tools()
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}
    done = subprocess.run(
        [*npm, *words], cwd=WEB, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=NPM_SECONDS
    )
    if done.returncode:
        raise SystemExit(f"page: npm {' '.join(words)} failed\n{done.stdout[-SAID_MAX:]}{done.stderr[:SAID_MAX]}")


def install() -> None:
    """What the lock file says, unless it is there."""
    wanted = digest([WEB / "package.json", WEB / "package-lock.json"])
    if _read(INSTALLED) != wanted:
        _run("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        INSTALLED.write_text(wanted, "utf-8")


def ask() -> None:
    """The service's own description of itself, anew when its code has changed."""
    wanted = digest(sources(ROOT / "src" / "echelon", ".py"))
    if _read(ASKED) == wanted and OPENAPI.is_file():
        return
    from echelon.console.app import openapi  # FastAPI: only who needs it waits for it

    OPENAPI.write_text(openapi(), "utf-8")
    MODULES.mkdir(exist_ok=True)
    ASKED.write_text(wanted, "utf-8")


def build() -> str:
    ask()
    wanted = digest(sources(WEB))
    if _read(BUILT) == wanted and (PAGE / "index.html").is_file():
        return "page: is there"
    install()
    _run("run", "--silent", "client")
    _run("run", "--silent", "build")
    BUILT.write_text(wanted, "utf-8")
    return "page: built"


def check() -> str:
    install()  # npm ci empties the folder of the stamps, so it comes first
    ask()
    _run("run", "--silent", "client")
    _run("run", "--silent", "check")
    _run("run", "--silent", "test")
    return "page: types and tests are well"


def main(words: list[str]) -> int:
    try:
        sys.stdout.write(f"{check() if words == ['check'] else build()}\n")
    except NodeMissingError as error:
        sys.stderr.write(f"page: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
