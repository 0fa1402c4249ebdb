"""A clean checkout still needs the project's dependencies: a Node project and a Python project deliver as they stand.

Nothing comes from the network: the dependencies are put where npm and pip would have put them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from echelon.checks.prepare import detect_steps, step_to_json
from workspaces import CONFIG, Shop, backlog, check, guard, item

LEFTPAD = "module.exports = (text, length) => String(text).padStart(length)\n"


def with_setup(root: Path) -> dict[str, object]:
    """The steps that `echelon init` would find in this folder."""
    return {**CONFIG, "setup": [step_to_json(step) for step in detect_steps(root)]}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_a_node_project_uses_its_node_modules(tmp_path: Path) -> None:
    command = "node check.js"
    text = backlog(item("B001", check(command), guard("node -e \"require('leftpad')\"")))
    plays = {"B001": [{"steps": [{"run": command}, {"write": "price.js", "text": "module.exports = () => '  7'\n"}]}]}
    files = {
        "package.json": json.dumps({"name": "shop", "dependencies": {"leftpad": "1.0.0"}}),
        "package-lock.json": json.dumps({"name": "shop", "lockfileVersion": 3, "packages": {}}),
        "check.js": "const pad = require('leftpad'); if (require('./price')() !== pad(7, 3)) process.exit(1)\n",
        ".gitignore": "node_modules/\n",
        "node_modules/leftpad/index.js": LEFTPAD,
        "node_modules/.package-lock.json": "{}",
    }
    shop = Shop.make(tmp_path, text, plays, files)
    (shop.root / ".opencode/orchestrator.jsonc").write_text(json.dumps(with_setup(shop.root)))
    shop.commit("set-up steps")
    seen = shop.deliver()
    assert seen.outcome.status == "done", (seen.outcome, seen.texts("refused"), seen.texts("escalated"))
    assert "node_modules" not in shop.git("ls-tree", "-r", "--name-only", "main")
    assert shop.verify().holds


def test_a_python_project_uses_its_own_environment(tmp_path: Path) -> None:
    """The environment is the project's: what is installed in it is there, and the code checked is the candidate's."""
    command = "python -c 'import dependency, shop; assert shop.price() == dependency.SEVEN'"
    text = backlog(item("B001", check(command), guard("python -c 'import dependency'")))
    plays = {"B001": [{"steps": [{"write": "src/shop/__init__.py", "text": "def price():\n    return 7\n"}]}]}
    files = {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
        "src/shop/__init__.py": "def price():\n    return 0\n",
        ".gitignore": ".venv/\n",
    }
    shop = Shop.make(tmp_path, text, plays, files)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=shop.root, check=True)
    packages = next((shop.root / ".venv/lib").glob("python*")) / "site-packages"
    (packages / "dependency.py").write_text("SEVEN = 7\n")
    (packages / "shop.pth").write_text(f"{shop.root / 'src'}\n")  # an editable install points at the workspace
    (shop.root / ".opencode/orchestrator.jsonc").write_text(json.dumps(with_setup(shop.root)))
    shop.commit("set-up steps")
    seen = shop.deliver()
    assert seen.outcome.status == "done", (seen.outcome, seen.texts("refused"), seen.texts("escalated"))
    assert ".venv" not in shop.git("ls-tree", "-r", "--name-only", "main")
    assert shop.verify().holds
