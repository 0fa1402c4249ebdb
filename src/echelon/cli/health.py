"""How Echelon stands in OpenCode: what is installed, what disturbs it, and whether the hooks really fire there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from echelon.bridge.brain import brain_of
from echelon.bridge.liveness import EXPECTED, Liveness
from echelon.core.recovery import Placed
from echelon.engine.workspace import Places
from echelon.errors import EchelonError
from echelon.hosts.opencode import binary, install

TRIAL_SECONDS = 60.0


class Health(NamedTuple):
    summary: str  # one line, "" where neither OpenCode nor the bridge is there
    findings: tuple[Placed, ...]


def look(configured: str, places: Places) -> Health:
    """What can be seen without starting OpenCode for more than its version. Never raises for what it finds."""
    try:
        found = binary.find_opencode(configured)
        here = install.status(install.config_home())
    except EchelonError as error:
        return Health("", (_finding(error.code, error.message),))
    if not here.version:
        return Health("", ())
    rows = list(_installed(here))
    if found is None:
        rows.append(_finding("OPENCODE_MISSING", "the bridge is installed, and there is no OpenCode on the PATH"))
        return Health("", tuple(rows))
    judged = binary.judge_version(found.version)
    if judged.text:
        rows.append(_finding("OPENCODE_UNSUPPORTED", judged.text))
    if shutil.which("rg") is None:
        rows.append(
            _finding("RIPGREP_MISSING", "OpenCode's grep and glob need ripgrep; without it they fetch it, or fail")
        )
    fired = Liveness(places.state).read().get(found.version, [])
    silent = [hook for hook in EXPECTED if hook not in fired]
    if fired and silent:
        rows.append(_finding("HOOKS_SILENT", f"on OpenCode {found.version} these never fired: {', '.join(silent)}"))
    seen = f"{len(EXPECTED) - len(silent)} of {len(EXPECTED)} hooks seen to fire" if fired else "not used yet"
    return Health(f"OpenCode {found.version}, bridge of Echelon {here.version}: {seen}", tuple(rows))


def _installed(here: install.Installed) -> list[Placed]:
    rows = [_finding("BRIDGE_CHANGED", f"{name} is not what was installed", name) for name in here.modified]
    if not here.up_to_date and not here.modified:
        rows.append(_finding("BRIDGE_OUTDATED", f"the bridge in OpenCode is of Echelon {here.version}"))
    rows += [_finding("PEER_PRESENT", f"{peer} is there, too: two orchestrators answer") for peer in here.peers]
    return rows + ([_finding("NPM_WAIT", here.npm)] if here.npm else [])


def _finding(code: str, message: str, path: str = "opencode") -> Placed:
    return Placed(path, 0, 0, code, "warning", message)


# ------------------------------------------------------------------------------------------------ the trial


def trial(configured: str, tell: Callable[[str], None]) -> list[str]:
    """Run the installed OpenCode offline with the bridge and a scripted model, and say which hooks did not fire.

    In a home of its own: nothing of the person's is touched. Raises HostError OPENCODE_MISSING, OPENCODE_FAILED.
    """
    from echelon.testing.model import Asked, Reply, ScriptedModel, call, say
    from echelon.testing.opencode import Server, World

    def scenario(asked: Asked) -> Reply:
        return say("done") if asked.tool_results else call("read", {"filePath": "README.md"})

    found = binary.require_opencode(configured)
    tell(f"tries OpenCode {found.version} in a home of its own, offline")
    with _folder() as folder, ScriptedModel(scenario) as model:
        workspace, runtime = folder / "workspace", folder / "run"
        (workspace / ".opencode").mkdir(parents=True)
        (workspace / "README.md").write_text("# A trial\n", "utf-8")
        more = {"ECHELON_RUNTIME": str(runtime)}
        world = World(folder, model.url, version=found.version, environment=more, program=Path(found.path))
        install.perform(install.plan_install(world.config_folder, found.version))
        try:
            with Server(world, workspace) as server:
                session = server.create(title="trial")
                server.prompt(session, "read the README", "Commander")
                server.wait_idle(session, TRIAL_SECONDS)
            fired = Liveness(Path(world.environment["XDG_STATE_HOME"]) / "echelon").read().get(found.version, [])
        finally:
            _end_brain(runtime)
        return [hook for hook in EXPECTED if hook not in fired]


def _end_brain(runtime: Path) -> None:
    """End the trial's own brain, which its lock names."""
    pid = brain_of(runtime)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Removed afterwards; short, for a socket's path may not be long."""
    folder = Path(tempfile.mkdtemp(prefix="ech-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
