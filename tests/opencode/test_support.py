"""The support itself, once, on the real program: everything else in this folder stands on it."""

from __future__ import annotations

from pathlib import Path

from echelon.testing.model import Asked, Reply, ScriptedModel, call, say
from echelon.testing.opencode import Server, World


def test_a_session_writes_a_file_and_ends(tmp_path: Path, workspace: Path) -> None:
    def scenario(asked: Asked) -> Reply:
        if not asked.tool_results:
            return call("write", {"filePath": "hello.txt", "content": "hello\n"}, text="I write.")
        return say("It is written.", tokens_in=11, tokens_out=5)

    with ScriptedModel(scenario) as model, Server(World(tmp_path, model.url), workspace) as server:
        session = server.create(title="one file")
        server.prompt(session, "write hello.txt")
        info = server.wait_idle(session, 40)
        idle = server.events.wait(lambda event: event.type == "session.idle" and event.session == session, 10)
        server.prompt(session, "again")
        server.wait_idle(session, 40)
        assert server.last_text(session) == "It is written."
    assert (workspace / "hello.txt").read_text() == "hello\n"
    assert (info["finish"], info["tokens"]["input"], info["tokens"]["output"]) == ("stop", 11, 5)
    first, second, *_ = model.turns(session)
    assert (first.number, first.last_user, first.tool_results) == (1, "write hello.txt", ())
    assert second.tool_results[0][0] == "write" and {"write", "bash", "read"} <= set(second.tools)
    assert idle.directory == str(workspace)
    assert server.process.returncode is not None
