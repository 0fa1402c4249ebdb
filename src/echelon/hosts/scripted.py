"""The scripted host: deterministic, public, part of the package. The demo and most tests run on it.

It acts on a slot through a playbook and is able to lie, fail, loop, crash, take long, ask, and write where it must not.
It knows nothing of what its acts lead to: what is proved, stopped or merged is decided by code that does not know it.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from echelon.core.model import TODO
from echelon.errors import HostError
from echelon.hosts import playbook
from echelon.ports import Assignment, EndReason, HostCapabilities, TurnEnd, Usage

RUN_SECONDS = 120.0
POLL_SECONDS = 0.05


class ScriptedHost:
    """A `ports.Host` that follows a playbook. `workspace` is where the person's steps happen."""

    name = "scripted"

    def __init__(self, folder: Path, workspace: Path) -> None:
        self._playbook = playbook.load(folder)
        self._workspace = workspace

    def capabilities(self) -> HostCapabilities:
        return HostCapabilities(questions=True, usage=True, abort=True, parallel_sessions=64)

    def work(self, assignment: Assignment, on_event: Callable[[str], None], stopped: Callable[[], bool]) -> TurnEnd:
        act = self._playbook.act(assignment.item.replace("/", "-"), assignment.attempt)
        if assignment.role == "planner":
            return TurnEnd("claimed_done", "the plan stays")
        if act is None:
            return TurnEnd("gave_up", f"the playbook has no attempt {assignment.attempt} for {assignment.item}")
        if assignment.role == "reviewer":
            return TurnEnd("claimed_done" if act.review == "attest" else "gave_up", f"review: {act.review}")
        session = _Session(self._playbook, self._workspace, Path(assignment.directory), assignment, on_event, stopped)
        try:
            for step in act.steps:
                end = session.perform(step)
                if end is not None:
                    return end
            session.finish(act)
        except (OSError, UnicodeError) as error:  # a directory where a file is written, a file that is no text
            raise HostError("HOST_FAILED", f"the playbook cannot be followed: {error}", "mend the playbook") from error
        ends: dict[str, EndReason] = {"done": "claimed_done", "gave_up": "gave_up", "nothing": "no_progress"}
        return TurnEnd(ends[act.claim], usage=Usage(tokens_in=act.tokens, tokens_out=act.tokens // 10))


class _Session:
    def __init__(
        self,
        book: playbook.Playbook,
        workspace: Path,
        slot: Path,
        assignment: Assignment,
        on_event: Callable[[str], None],
        stopped: Callable[[], bool],
    ) -> None:
        self.book, self.workspace, self.slot = book, workspace, slot
        self.assignment, self.on_event, self.stopped = assignment, on_event, stopped

    def perform(self, step: playbook.Step) -> TurnEnd | None:
        """One step; a TurnEnd when the turn ends with it."""
        if self.stopped():
            return TurnEnd("aborted")
        do: Callable[[playbook.Step], TurnEnd | None] = getattr(self, f"_{step.verb}")
        return do(step)

    def finish(self, act: playbook.Act) -> None:
        path = self.slot / TODO
        if not path.exists():
            return
        path.write_text(act.finished(path.read_text("utf-8")), "utf-8")

    # ------------------------------------------------------------------------------------ in the slot

    def _put(self, path: Path, content: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    def _write(self, step: playbook.Step) -> None:
        path = self.slot / str(step.value)
        self.on_event(f"writes {step.value}")
        self._put(path, self.book.content(step))
        if step.options.get("executable"):
            path.chmod(0o755)

    def _append(self, step: playbook.Step) -> None:
        path = self.slot / str(step.value)
        self._put(path, (path.read_text("utf-8") if path.exists() else "") + str(step.options.get("text", "")))

    def _delete(self, step: playbook.Step) -> None:
        self.on_event(f"deletes {step.value}")
        (self.slot / str(step.value)).unlink(missing_ok=True)

    def _replace(self, step: playbook.Step) -> None:
        path, old = self.slot / str(step.value), str(step.options.get("old", ""))
        text = path.read_text("utf-8") if path.exists() else ""
        if not old or old not in text:
            raise HostError(
                "HOST_FAILED", f"the playbook replaces a text that {step.value} does not hold", "mend the playbook"
            )
        self._put(path, text.replace(old, str(step.options.get("new", "")), 1))

    def _run(self, step: playbook.Step) -> TurnEnd | None:
        self.on_event(f"runs {step.value}")
        seconds = float(step.options.get("seconds", RUN_SECONDS))
        process = subprocess.Popen(
            ["bash", "-c", str(step.value)], cwd=self.slot, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, env=_environment(self.slot),
        )  # fmt: skip
        until = time.monotonic() + seconds
        while process.poll() is None:
            if time.monotonic() > until or self.stopped():
                _end_group(process)
                return TurnEnd(
                    "aborted" if self.stopped() else "timed_out", f"`{step.value}` took longer than {seconds:g} s"
                )
            time.sleep(POLL_SECONDS)  # the only wait of a pretended agent: its own command
        return None

    def _commit(self, step: playbook.Step) -> None:
        git(self.slot, "add", "-A")
        git(self.slot, "commit", "-q", "--allow-empty", "-m", str(step.value))

    def _say(self, step: playbook.Step) -> None:
        self.on_event(str(step.value))

    def _ask(self, step: playbook.Step) -> TurnEnd | None:
        question = str(step.value)
        answer = self.assignment.answers.get(question)
        if answer is None:
            return TurnEnd("asked", question)
        self.on_event(f"was told: {answer}")
        return None

    def _sleep(self, step: playbook.Step) -> TurnEnd | None:
        until = time.monotonic() + float(step.value)
        while time.monotonic() < until:
            if self.stopped():
                return TurnEnd("aborted")
            time.sleep(POLL_SECONDS)  # "take long" is this step's purpose
        return None

    def _loop(self, step: playbook.Step) -> TurnEnd:
        for turn in range(int(step.value)):
            if self.stopped():
                return TurnEnd("aborted")
            self.on_event(f"turn {turn + 1}: still thinking")
        return TurnEnd("no_progress", f"{step.value} turns changed nothing")

    def _crash(self, step: playbook.Step) -> None:
        raise HostError("HOST_FAILED", f"the agent's program died: {step.value}", "echelon deliver tries again")

    def _outside(self, step: playbook.Step) -> None:
        """What an agent must not do: write into the person's workspace."""
        self._put(self.workspace / str(step.value), str(step.options.get("text", "")))

    # ------------------------------------------------------------------------- the person, meanwhile

    def _person_edits(self, step: playbook.Step) -> None:
        path = self.workspace / str(step.value)
        self.on_event(f"(meanwhile you edit {step.value})")
        self._put(path, self.book.content(step, path.read_text("utf-8") if path.exists() else ""))

    def _person_commits(self, step: playbook.Step) -> None:
        path = self.workspace / str(step.value)
        self.on_event(f"(meanwhile you commit {step.value})")
        self._put(path, self.book.content(step, path.read_text("utf-8") if path.exists() else ""))
        git(self.workspace, "add", "--", str(step.value))
        git(self.workspace, "commit", "-q", "-m", str(step.options.get("message", "edit")), "--", str(step.value))


def _environment(slot: Path) -> dict[str, str]:
    """What a pretended agent's commands see: a small environment with the slot's own tools first on the PATH."""
    tools = [str(slot / name) for name in (".venv/bin", "node_modules/.bin") if (slot / name).is_dir()]
    path = os.pathsep.join((*tools, os.environ.get("PATH", os.defpath)))
    return {"PATH": path, "LANG": "C.UTF-8", "HOME": str(slot.parent), "PYTHONDONTWRITEBYTECODE": "1"}


def _end_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, 9)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()


def git(folder: Path, *words: str) -> None:
    """The person's or the agent's own git, as they would type it."""
    identity = ["-c", "user.name=Person", "-c", "user.email=person@example.invalid", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    if done.returncode:
        detail = done.stderr.decode("utf-8", "replace")[-300:]
        raise HostError("HOST_FAILED", f"git {words[0]} failed in {folder}: {detail}", "mend the playbook")
