"""The bridge file itself, run by node: what its hooks do for an agent that is not ours, which is nothing."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from echelon.bridge.manifest import ENVIRONMENT, manifest
from echelon.bridge.wire import LINE_BYTES_MAX, PROTOCOL, Wire
from echelon.hosts.opencode.install import bridge_source

NODE = shutil.which("node")
HOOKS = Path(__file__).with_name("hooks.mjs")
NOT_CALLED = {
    "config",
    "tool",
    "dispose",
}  # of no agent; what `config` leaves alone is looked at in opencode/test_gate.py

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed; opencode/test_gate.py sees the same")


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Short: a socket's path may not be long."""
    folder = Path(tempfile.mkdtemp(prefix="ech-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def _run(file: Path, directory: Path, runtime: Path) -> tuple[dict[str, Any], list[str]]:
    """What the script printed, and the methods that the brain was asked after hello."""
    heard: list[str] = []

    async def answer(method: str, _params: Mapping[str, Any]) -> Any:
        if method == "hello":  # as in a slot, where the most is registered
            return {**manifest("/slots"), "environment": list(ENVIRONMENT)}
        heard.append(method)
        return {"deny": "no", "text": "ours", "args": {"filePath": "moved"}}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Wire(reader, writer, answer).run()

    path = runtime / f"brain-{PROTOCOL}.sock"
    async with await asyncio.start_unix_server(connected, path, limit=LINE_BYTES_MAX):
        process = await asyncio.create_subprocess_exec(
            str(NODE), "--no-warnings", HOOKS, file, directory, env={**os.environ, "ECHELON_RUNTIME": str(runtime)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out), heard


def test_no_hook_changes_anything_for_another_agent_or_tells_the_brain_of_it(tmp_path: Path, runtime: Path) -> None:
    """W22: whatever the brain would answer. A hook that is new needs a call in hooks.mjs."""
    file = tmp_path / "echelon.mjs"  # node takes a .js without a package.json for the older kind of module
    file.write_bytes(bridge_source())
    found, heard = asyncio.run(_run(file, tmp_path, runtime))
    assert found["changed"] == []
    assert set(found["hooks"]) == {*found["called"], *NOT_CALLED}
    assert heard == []
