"""Which host a delivery runs on, made ready: the playbook's, or an OpenCode of our own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from echelon.bridge.keeping import leave_record
from echelon.cli import render
from echelon.engine.workspace import Workspace
from echelon.errors import HostError
from echelon.hosts.opencode import binary, install
from echelon.hosts.opencode.host import AGENTS, OpenCodeHost
from echelon.hosts.playbook import NAME as PLAYBOOK
from echelon.hosts.scripted import ScriptedHost
from echelon.ports import Host

PLAYBOOK_FOLDER = ".opencode/playbook"


@contextmanager
def chosen(workspace: Workspace, name: str | None, playbook: str | None) -> Iterator[Host]:
    """The host by name, else by the setting; it ends with the block.

    Raises HostError OPENCODE_MISSING, OPENCODE_UNSUPPORTED; InputError PLAYBOOK_MISSING and others.
    """
    folder = Path(playbook) if playbook else workspace.root / PLAYBOOK_FOLDER
    name = name or str(workspace.config["host"])
    if name == "auto":
        name = "scripted" if (folder / PLAYBOOK).is_file() else "opencode"
    if name == "scripted":
        yield ScriptedHost(folder, workspace.root)
        return
    host = _opencode(workspace)
    try:
        yield host
    finally:
        host.close()


def _opencode(workspace: Workspace) -> OpenCodeHost:
    found = binary.require_opencode(str(workspace.config["opencode.path"]))
    judged = binary.judge_version(found.version)
    if judged.verdict == "refuse":
        raise HostError("OPENCODE_UNSUPPORTED", f"{found.path}: {judged.text}", binary.HOW_TO_GET_IT)
    if judged.text:
        render.complain(judged.text)
    leave_record(workspace)
    # One folder for all workspaces: OpenCode's own configuration, with the bridge and nothing else in it.
    config = install.private_config(workspace.places.state / "opencode" / "config", opencode_version=found.version)
    return OpenCodeHost(
        Path(found.path),
        workspace.state / "opencode",
        config,
        environment=os.environ,
        models=_models(workspace),
        memory_bytes=workspace.config.count("limits.hostMemoryBytes"),
    )


def _models(workspace: Workspace) -> dict[str, str]:
    """role -> "provider/model", from the names that agents have in OpenCode."""
    roles = {agent: role for role, agent in AGENTS.items()}
    return {roles[agent]: model for agent, model in workspace.config["opencode.models"].items()}
