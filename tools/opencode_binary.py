"""Install the OpenCode versions that the tests run on, below `.node/opencode/`, which git ignores.

    python tools/opencode_binary.py [VERSION ...]      # without any: the wanted ones

Where npm is missing or its registry does not answer, the reason is written to `.node/opencode/<version>.missing`, which
the tests name when they skip, and the end is still 0: a test run without network is a normal thing. Quick when the
binaries are there. Installing runs no script of the package.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from echelon.testing.opencode import FOLDER, MAIN, OLDER, installed, package

WANTED = (MAIN, OLDER)
NPM_SECONDS = 300
REASON_MAX = 300  # characters


def install(version: str, folder: Path = FOLDER) -> str:
    """Install one version; "" when it is there, else a sentence that says why it is not."""
    marker = folder / f"{version}.missing"
    if installed(version, folder):
        marker.unlink(missing_ok=True)
        return ""
    reason = _install(version, folder / version)
    if not reason and not installed(version, folder):
        reason = f"npm installed {package()}@{version}, but the program is not where it should be"
    if reason:
        marker.write_text(f"{reason}\n", "utf-8")
    else:
        marker.unlink(missing_ok=True)
    return reason


def _install(version: str, prefix: Path) -> str:
    npm = shutil.which("npm")
    prefix.mkdir(parents=True, exist_ok=True)
    if npm is None:
        return "npm is not installed, so OpenCode could not be fetched"
    if not package():
        return f"OpenCode has no program for {sys.platform} on this processor"
    words = [npm, "install", "--prefix", str(prefix), "--no-audit", "--no-fund", "--ignore-scripts"]
    words += ["--fetch-retries=1", "--fetch-timeout=120000", f"{package()}@{version}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=NPM_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"npm did not install OpenCode {version}: {type(error).__name__}"
    if done.returncode:
        stack = ("    at ", "A complete log")  # says where in npm, which helps nobody here
        lines = [
            line for line in done.stderr.splitlines() if line.startswith("npm") and not any(s in line for s in stack)
        ]
        return f"npm did not install OpenCode {version}: {' '.join(lines)[:REASON_MAX]}"
    return ""


def main(versions: list[str]) -> int:
    for version in versions or WANTED:
        reason = install(version)
        said = (
            f"OpenCode {version} is there" if not reason else f"OpenCode {version} is missing, its tests skip: {reason}"
        )
        sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
