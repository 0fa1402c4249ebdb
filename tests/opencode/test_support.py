"""The support itself, once, on the real program: everything else in this folder stands on it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from echelon.testing.model import Asked, Reply, ScriptedModel, call, say
from echelon.testing.opencode import Server, World, seed
from echelon.testing.playing import playbook_scenario


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedModel, Server]]:
    """One start for both tests; each has a workspace and a scenario of its own."""
    folder = tmp_path_factory.mktemp("support")
    permission = {"external_directory": "deny", "question": "allow"}
    with (
        ScriptedModel(lambda _asked: say("nobody asked me")) as model,
        Server(World(folder, model.url, config={"permission": permission}), folder) as server,
    ):
        yield model, server
    assert server.process.returncode is not None


def test_a_session_writes_a_file_and_ends(one: tuple[ScriptedModel, Server], workspace: Path) -> None:
    model, server = one

    def scenario(asked: Asked) -> Reply:
        if not asked.tool_results:
            return call("write", {"filePath": "hello.txt", "content": "hello\n"}, text="I write.")
        return say("It is written.", tokens_in=11, tokens_out=5)

    model.begin(scenario)
    session = server.create(workspace, title="one file")
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


PLAYBOOK = """
[[B001]]
steps = [
  { say = "First the file." },
  { write = "src/a.py", text = "ONE = 1\\nONCE = 1\\n" },
  { append = "src/a.py", text = "TWO = 2\\n" },
  { replace = "src/a.py", old = "TWO = 2", new = "TWO = 3" },
  { write = "gone.txt", text = "" },
  { delete = "gone.txt" },
  { person_commits = "README.md", append = "A line of the person's.\\n" },
  { run = "cat src/a.py" },
  { ask = "Is three right?" },
  { commit = "three" },
  { outside = "escaped.txt", text = "no" },
]
tokens = 500
record = { files = ["src/a.py"], notes = "noted" }

[[B001]]
claim = "gave_up"
"""


def test_a_playbook_is_played_with_the_tools_of_the_host(
    one: tuple[ScriptedModel, Server], tmp_path: Path, workspace: Path
) -> None:
    """One act with most verbs in a work tree beside the workspace, then the second attempt in a session of its own."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "playbook.toml").write_text(PLAYBOOK)
    slot = tmp_path / "slot"
    subprocess.run(["git", "worktree", "add", "-q", "-b", "slot", slot], cwd=workspace, check=True)
    (slot / ".opencode").mkdir()
    (slot / ".opencode" / "todo.md").write_text("<!-- echelon:mission B001-1 -->\n- [ ] three\n")
    seed(slot / ".opencode")
    model, server = one
    model.begin(playbook_scenario(tmp_path / "book", workspace))
    session = server.create(slot)
    server.prompt(session, "You deliver item B001 (mission B001-1). Work only here.")
    asked = server.events.wait(lambda event: event.type == "question.asked", 40)
    server.post(f"/question/{asked.properties['id']}/reply", {"answers": [["Yes"]]}, directory=slot)
    server.wait_idle(session, 40)
    assert server.last_text(session) == "B001 is done."
    server.prompt(session, "Go on where you stopped.")
    server.wait_idle(session, 20)
    assert server.last_text(session) == "B001 is done."
    infos = [message["info"] for message in server.messages(session)]
    assert sum(info["tokens"]["input"] for info in infos if info["role"] == "assistant") >= 500
    second = server.create(slot)
    server.prompt(second, "You deliver item B001 (mission B001-1). Work only here.")
    server.wait_idle(second, 20)
    assert server.last_text(second).startswith("HALT: ")
    assert (slot / "src" / "a.py").read_text() == "ONE = 1\nONCE = 1\nTWO = 3\n"
    assert not (slot / "gone.txt").exists() and not (workspace / "escaped.txt").exists()
    assert (workspace / "README.md").read_text() == "# Here\nA line of the person's.\n"
    text = (slot / ".opencode" / "todo.md").read_text()
    assert "- [x] three" in text and "noted" in text
    log = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=slot, capture_output=True, text=True, check=True)
    assert log.stdout == "three\n"
    results = dict(enumerate(model.turns(session)[-2].tool_results))
    assert any("ONCE = 1" in content for name, content in results.values() if name == "bash")
