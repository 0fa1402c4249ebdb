"""What the bridge tells of every session while a console looks: little, in order, and nothing that could hold it up."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from echelon.bridge.manifest import manifest
from echelon.bridge.wire import LINE_BYTES_MAX, PROTOCOL, Wire
from echelon.hosts.opencode.install import bridge_source

NODE = shutil.which("node")
SCRIPT = Path(__file__).with_name("watch.mjs")

pytestmark = pytest.mark.skipif(
    NODE is None, reason="node is not installed; opencode/test_console_host.py sees the same"
)

Events = list[Mapping[str, Any]]


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Short: a socket's path may not be long."""
    folder = Path(tempfile.mkdtemp(prefix="ech-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def _run(file: Path, directory: Path, runtime: Path, *, looks: bool) -> tuple[Events, Mapping[str, Any]]:
    """What the brain was told, until "later" came or the script ended; and the hello."""
    events: Events = []
    hello: dict[str, Any] = {}
    later = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def answer(method: str, params: Mapping[str, Any]) -> Any:
            if method == "hello":
                hello.update(params)
                if looks:
                    wire.tell("watch", {"on": True})
                return manifest("/slots")
            if method == "watched":
                events.append(params)
                if params["properties"].get("partID") == "prt_5":
                    later.set()
            return {}

        wire = Wire(reader, writer, answer)
        await wire.run()

    given = {
        **os.environ,
        "ECHELON_RUNTIME": str(runtime),
        "ORCHESTRATOR_WEB_CONSOLE": "1",
        "ORCHESTRATOR_WEB_PORT": "4711",
    }
    async with await asyncio.start_unix_server(connected, runtime / f"brain-{PROTOCOL}.sock", limit=LINE_BYTES_MAX):
        process = await asyncio.create_subprocess_exec(
            str(NODE), "--no-warnings", SCRIPT, file, directory, env=given,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if looks:
                await asyncio.wait_for(later.wait(), 60)
            else:  # it has said all that it says when the next request is answered
                await asyncio.wait_for(_quiet(process), 60)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()
    return events, hello


async def _quiet(process: asyncio.subprocess.Process) -> None:
    """The time that a told event would take at the most, and then some."""
    await asyncio.wait({asyncio.ensure_future(process.wait())}, timeout=1.5)


@pytest.fixture
def bridge(tmp_path: Path) -> Path:
    file = tmp_path / "echelon.mjs"  # node takes a .js without a package.json for the older kind of module
    file.write_bytes(bridge_source())
    return file


def _short(event: Mapping[str, Any]) -> tuple[str, ...]:
    found = event["properties"]
    part = found.get("part") or {}
    text = found.get("delta") or part.get("text") or (part.get("state") or {}).get("output") or ""
    return (
        event["type"].removeprefix("message.").removeprefix("session."),
        found.get("partID") or part.get("id") or "",
        text[:8],
    )


def test_what_grows_is_gathered_and_the_order_is_kept(bridge: Path, tmp_path: Path, runtime: Path) -> None:
    events, hello = asyncio.run(_run(bridge, tmp_path, runtime, looks=True))
    told = [_short(row) for row in events]
    assert told[:5] == [
        ("status", "", ""),
        ("part.delta", "prt_1", "abc"),
        ("part.delta", "prt_2", "xy"),
        ("updated", "", ""),
        ("part.updated", "prt_1", "abclost"),  # the whole says what was still to be told
    ]
    tools = [row for row in told if row[1] == "prt_3"]
    assert tools[-1][2] == "123" and len(tools) == 1, "a tool's output is told as often as it grows"
    assert not any("file" in row[0] for row in told)
    long = next(row for row in events if row["type"] == "message.updated")
    assert long["properties"] == {"sessionID": "ses_other", "messageID": "msg_1"}
    grown = [row["properties"]["delta"] for row in events if row["properties"].get("partID") == "prt_4"]
    assert "".join(grown) == "y" * 120_000
    assert hello["console"] == {"ORCHESTRATOR_WEB_CONSOLE": "1", "ORCHESTRATOR_WEB_PORT": "4711"}


def test_nothing_is_told_while_nobody_looks(bridge: Path, tmp_path: Path, runtime: Path) -> None:
    events, _ = asyncio.run(_run(bridge, tmp_path, runtime, looks=False))
    assert events == []
