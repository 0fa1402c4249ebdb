"""From a brief to a delivered plan, as a person types it: real folders, real git, a real terminal for the questions."""

from __future__ import annotations

import errno
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import portfolio_texts as portfolios
from echelon.actions.callers import Caller
from echelon.actions.table import perform
from echelon.core.decide import Decision, Refusal
from echelon.engine import doctor
from planned import BRIEF, GOOD, PEER
from slots_world import plain, write
from workspaces import Play, Shop, bytes_of, command, environment, playbook

PYTHON = sys.executable
DOCS = Path(__file__).resolve().parents[2] / "docs" / "PLANNING.md"
# The walk-through of the documentation, with the Python that the tests have.
ANSWERS = DOCS.read_text("utf-8").split("````markdown\n")[1].split("````")[0].replace("python3", PYTHON)
PLAYS: dict[str, list[Play]] = {
    "B001": [{"steps": [{"write": "tasks.py", "text": "_held = []\n\n\ndef create(name):\n    _held.append(name)\n\n\ndef all():\n    return _held\n"}]}],
    "B002": [{"steps": [{"write": "auth.py", "text": "def allowed(token):\n    return token == 'secret'\n"}]}],
    "B003": [{"steps": [{"write": "Dockerfile", "text": "FROM python:3.12-slim\nCOPY . /app\nCMD [\"python\", \"/app/tasks.py\"]\n"}]}],
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Shop:
    """A repository without any state of Echelon's."""
    shop = Shop(tmp_path / "tasks", tmp_path / "home")
    shop.root.mkdir()
    shop.home.mkdir()
    write(shop.root, {"README.md": "# Tasks\n"})
    plain(shop.root, "init", "-q", "-b", "main")
    plain(shop.root, "config", "user.name", "Una")
    plain(shop.root, "config", "user.email", "una@example.org")
    shop.commit("as it starts")
    return shop


def test_the_brief_becomes_a_plan_that_is_delivered_and_proved(place: Shop) -> None:
    form = place.cli("plan", BRIEF, "--template")
    assert (form.returncode, form.stderr) == (0, "") and BRIEF in form.stdout
    write(place.root, {"answers.md": form.stdout})
    early = place.cli("plan", BRIEF, "--answers", "answers.md")
    assert early.returncode == 1 and "answers.md:5:1:" in early.stderr and not (place.root / ".opencode").exists()

    write(place.root, {"answers.md": ANSWERS})
    made = place.cli("plan", BRIEF, "--answers", "answers.md")
    assert (made.returncode, made.stderr) == (0, "")
    assert "SCAFFOLDED Tasks: 3 item(s) in .opencode/spec.md, .opencode/backlog.md." in made.stdout
    assert "echelon init writes them" in made.stdout
    assert place.cli("doctor").returncode == 0
    assert [row for row in doctor.examine(place.engine()) if row.severity != "info"] == []

    before = bytes_of(place.root / ".opencode", without=("echelon",))
    again = place.cli("plan", "--answers", "answers.md")
    assert again.returncode == 1 and "PLAN_EXISTS" in again.stderr
    assert bytes_of(place.root / ".opencode", without=("echelon",)) == before

    write(place.root, {".opencode/playbook/playbook.toml": playbook(PLAYS)})
    place.commit("the plan")
    done = place.cli("deliver", "--host", "scripted")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "done: 3 items delivered (B001, B002, B003)" in done.stdout
    assert place.json("status", "--json")["evidence"]["proved"] == 3
    assert place.merges() == ["B001", "B002", "B003"]


def test_after_init_the_plan_takes_the_place_of_the_empty_files_and_undo_brings_them_back(place: Shop) -> None:
    assert place.cli("init").returncode == 0
    empty = bytes_of(place.root / ".opencode", without=("echelon",))
    write(place.root, {"answers.md": GOOD})
    assert place.cli("plan", "--answers", "answers.md").returncode == 0
    assert "### B001 — Login" in (place.root / ".opencode/backlog.md").read_text("utf-8")
    assert place.cli("undo").returncode == 0
    assert bytes_of(place.root / ".opencode", without=("echelon",)) == empty


def test_W40_a_spec_that_is_there_is_kept_and_named(place: Shop) -> None:
    write(place.root, {".opencode/spec.md": "# Mine\r\nno heading"})
    write(place.root, {"answers.md": GOOD})
    done = place.cli("plan", "--answers", "answers.md", "--json")
    told = json.loads(done.stdout)
    assert told["data"]["kept"] == [".opencode/spec.md"] and told["data"]["written"] == [".opencode/backlog.md"]
    assert (place.root / ".opencode/spec.md").read_bytes() == b"# Mine\r\nno heading"


def test_the_peers_answers_come_through_a_pipe_under_its_policy(place: Shop) -> None:
    write(place.root, {".opencode/orchestrator.jsonc": '{"policy": "attested", "language": "fr"}'})
    done = subprocess.run(
        [PYTHON, "-m", "echelon", "plan", "--answers", "-"],
        cwd=place.root, env=place.env(), input=PEER, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "PRJ-002/B004 ne peut pas être vérifié ici" in done.stdout
    spec = (place.root / ".opencode/spec.md").read_text("utf-8")
    assert (
        "## Périmètre\n### Inclus\n- login\n- cart\n\n### Exclus" in spec
        and "- Risque identifié : payment sandbox is slow" in spec
    )


@pytest.mark.parametrize(
    ("words", "files", "code", "said"),
    [
        (("plan",), {}, 2, "there is no terminal to ask in"),
        (("plan", "--answers", "none.md"), {}, 2, "none.md"),
        (("plan", "--answers", "a.md", "--template"), {"a.md": GOOD}, 2, "give one"),
        (("plan", "--json"), {}, 2, "--json belongs to --answers"),
        (("plan", "--answers", "a.md"), {"a.md": b"# Plan\n\xff\xfe"}, 1, "INVALID_UTF8: a.md:2"),
        (("plan", "--answers", "a.md"), {"a.md": ""}, 1, "PLAN_GAPS"),
        (("plan", "--answers", "a.md", "--into", "../b"), {"a.md": GOOD}, 1, "STORAGE_PATH_INVALID"),
        (("plan", "--answers", "a.md", "--into", ".git"), {"a.md": GOOD}, 1, "STORAGE_PATH_INVALID"),
        (
            ("plan", "--answers", "a.md"),
            {"a.md": GOOD, ".opencode/orchestrator.jsonc": "{nonsense"},
            1,
            "CONFIG_INVALID",
        ),
        (("plan", "--answers", "a.md"), {"a.md": GOOD, ".opencode/backlog.md": "mine\n"}, 1, "PLAN_EXISTS"),
    ],
)
def test_wrong_input_says_what_to_do_and_writes_nothing(
    place: Shop, words: tuple[str, ...], files: dict[str, str | bytes], code: int, said: str
) -> None:
    write(place.root, files)
    before = bytes_of(place.root, without=(".git",))
    done = place.cli(*words)
    assert done.returncode == code and said in done.stderr, done.stderr
    left = {path: content for path, content in bytes_of(place.root).items() if "/echelon/" not in path}
    assert left == before


def test_a_link_out_of_the_workspace_is_not_followed(place: Shop, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (place.root / ".opencode").mkdir()
    (place.root / ".opencode" / "projects").symlink_to(outside)
    write(place.root, {"a.md": GOOD})
    done = place.cli("plan", "--answers", "a.md", "--into", ".opencode/projects/PRJ-001")
    assert done.returncode == 1 and list(outside.iterdir()) == []


def test_a_project_of_a_program_is_planned_where_it_is_stored(place: Shop) -> None:
    write(
        place.root, {".opencode/program.md": portfolios.program(portfolios.node("PRJ-001"), portfolios.node("PRJ-002"))}
    )
    write(place.root, {"a.md": GOOD})
    which = place.cli("plan", "--answers", "a.md")
    assert which.returncode == 1 and "PLAN_PLACE" in which.stderr and ".opencode/projects/PRJ-002" in which.stderr
    assert place.cli("plan", "--answers", "a.md", "--into", "PRJ-002").returncode == 0
    assert place.cli("plan", "--answers", "a.md").returncode == 0  # the only one that is left
    for name in ("PRJ-001", "PRJ-002"):
        assert (place.root / f".opencode/projects/{name}/backlog.md").is_file()
    full = place.cli("plan", "--answers", "a.md")
    assert full.returncode == 1 and "PLAN_EXISTS" in full.stderr
    place.commit("planned")
    assert [row.code for row in doctor.examine(place.engine()) if row.severity != "info"] == []


def test_W13_a_project_of_the_active_program_is_planned_in_every_copy(place: Shop) -> None:
    """The peer deletes such a plan when the program closes: it lies in the working tree alone there."""
    files = dict(portfolios.two_programs(parallel=False))
    for name in ("spec.md", "backlog.md"):
        del files[f".opencode/programs/PGM-001/projects/PRJ-002/{name}"]
    write(place.root, {**files, "a.md": GOOD})
    place.commit("a portfolio")
    assert place.cli("call", "enterprise_start_program").returncode == 0
    done = place.cli("plan", "--answers", "a.md")
    assert (done.returncode, done.stderr) == (0, "")
    copies = [place.root / f".opencode/{where}projects/PRJ-002/backlog.md" for where in ("programs/PGM-001/", "")]
    assert copies[0].read_bytes() == copies[1].read_bytes() and b"### B001 \xe2\x80\x94 Login" in copies[0].read_bytes()
    assert [row.code for row in doctor.examine(place.engine()) if row.severity == "error"] == []


def test_W40_two_at_once_one_writes_and_the_other_is_told(place: Shop) -> None:
    write(place.root, {"a.md": GOOD, "b.md": GOOD.replace("Login", "Other"), ".opencode/.keep": ""})
    running = [
        subprocess.Popen([PYTHON, "-m", "echelon", "plan", "--answers", name], cwd=place.root, env=place.env(), stderr=subprocess.PIPE, text=True)
        for name in ("a.md", "b.md")
    ]  # fmt: skip
    said = [row.communicate()[1] for row in running]
    assert sorted(row.returncode for row in running) == [0, 1]
    assert sum("PLAN_EXISTS" in text for text in said) == 1


# ------------------------------------------------------------------------------------------------ for agents

AGENT = Caller("agent", "project")


def test_an_agent_is_asked_to_ask_once_and_its_answers_are_held_to_the_same(place: Shop) -> None:
    write(place.root, {".opencode/.keep": ""})
    engine = place.engine()
    asked = perform(engine, "plan_project", {"brief": BRIEF}, AGENT)
    assert isinstance(asked, Decision) and "# Plan — tasks" in asked.message and BRIEF in asked.message
    gaps = perform(engine, "plan_project", {"brief": BRIEF, "answers": asked.message}, AGENT)
    assert isinstance(gaps, Refusal) and gaps.code == "PLAN_GAPS"
    assert all(row.startswith("answers:") for row in gaps.reasons)
    made = perform(engine, "plan_project", {"brief": BRIEF, "answers": ANSWERS}, AGENT)
    assert isinstance(made, Decision) and made.data["items"] == ["B001", "B002", "B003"]
    again = perform(engine, "plan_project", {"brief": BRIEF}, AGENT)
    assert isinstance(again, Refusal) and again.code == "PLAN_EXISTS"  # nobody is asked in vain


def test_a_mission_plans_no_project_and_a_session_only_its_own(place: Shop) -> None:
    write(
        place.root, {".opencode/program.md": portfolios.program(portfolios.node("PRJ-001"), portfolios.node("PRJ-002"))}
    )
    given = {"brief": BRIEF, "answers": GOOD, "target_dir": "PRJ-002"}
    for caller in (Caller("agent", "mission", "PRJ-001", "PRJ-001/B001"), Caller("agent", "project", "PRJ-001")):
        refused = perform(place.engine(), "plan_project", given, caller)
        assert isinstance(refused, Refusal) and refused.code == "WRONG_LEVEL"
    own = perform(place.engine(), "plan_project", {**given, "target_dir": ""}, Caller("agent", "project", "PRJ-002"))
    assert isinstance(own, Decision) and own.data["project"] == "PRJ-002"


def test_scaffold_project_by_the_peers_arguments(place: Shop) -> None:
    write(place.root, {".opencode/.keep": ""})
    items = [
        {
            "id": "B001",
            "title": "Login",
            "priority": 1,
            "size": "M",
            "criteria": ["401 — check: `grep -q 401 a.py`"],
            "dependsOn": [],
        }
    ]
    given = {
        "name": "Shop", "objective": "95 %", "in_scope": "login\ncart", "out_of_scope": "app", "constraints": "",
        "items_json": json.dumps([*items, None]),
    }  # fmt: skip
    refused = place.cli("call", "scaffold_project", "--json", json.dumps(given))
    assert json.loads(refused.stdout)["reasons"] == ["items_json[1]: not an object but null"]
    done = place.cli("call", "scaffold_project", "--json", json.dumps({**given, "items_json": json.dumps(items)}))
    assert json.loads(done.stdout)["data"]["items"] == ["B001"]
    assert place.cli("doctor").returncode == 0


# ------------------------------------------------------------------------------------------------ on a terminal

SECONDS = 60.0
BEGIN = (
    ("is the project called?", "\x15Tasks\r"), ("which number", " in 200 ms\r"), ("What belongs to it?", "tasks\r"), ("-", "\r"),
)  # fmt: skip


@dataclass
class Terminal:
    """`echelon plan` behind a pseudo terminal."""

    process: subprocess.Popen[bytes]
    master: int
    shown: str = ""
    seen: int = field(default=0)

    def see(self, text: str) -> None:
        """Wait until it shows this, behind what was seen before."""
        until = time.monotonic() + SECONDS
        while text not in self.shown[self.seen :]:
            ready, _, _ = select.select([self.master], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"{text!r} was never shown:\n{self.shown[self.seen :]}"
            try:
                self.shown += os.read(self.master, 65536).decode("utf-8", "replace")
            except OSError as error:
                assert error.errno == errno.EIO and text in self.shown[self.seen :], self.shown[self.seen :]
        self.seen += self.shown[self.seen :].index(text) + len(text)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def answer(self, question: str, text: str) -> None:
        """Type at the next prompt; the question stands above it or in it."""
        before = self.seen
        self.see("\x1b[?2004h")  # a new prompt
        self.see("\x1b[?25h")  # has been drawn
        assert question in self.shown[before : self.seen]
        self.type(text)

    def ended(self) -> int:
        """The exit code; what is still shown is read meanwhile, or the process would wait for it."""
        reader = threading.Thread(target=self._rest)
        reader.start()
        code = self.process.wait(SECONDS)
        reader.join(SECONDS)
        return code

    def _rest(self) -> None:
        try:
            while more := os.read(self.master, 65536):
                self.shown += more.decode("utf-8", "replace")
        except OSError:
            return


@contextmanager
def terminal(place: Shop, *words: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    env = environment(place.home, TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1")
    process = subprocess.Popen(
        [PYTHON, "-m", "echelon", "plan", *words], cwd=place.root, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        os.close(master)


def test_the_questions_are_asked_one_can_go_back_and_ctrl_c_loses_nothing(place: Shop) -> None:
    with terminal(place, BRIEF) as person:
        for question, text in BEGIN:
            person.answer(question, text)
        person.answer("expressly not belong", "<\r")
        person.answer("What belongs to it?", "\r")
        person.answer("expressly not belong", "\x1b[Z")  # Shift-Tab
        person.answer("What belongs to it?", "<<\r")
        person.answer("is the project called?", "\r")  # what was said before stands there
        person.answer("which number", "\r")
        person.answer("What belongs to it?", "\r")
        person.answer("-", "\r")
        person.answer("expressly not belong", "users\r")
        person.answer("-", "\x03")
        assert person.ended() == 130
        assert "Your 5 answer(s) are kept in" in " ".join(person.shown.split())
    assert not (place.root / ".opencode").exists()
    (kept,) = place.home.rglob("plan.json")

    with terminal(place, BRIEF) as person:
        person.answer("Going on after 5 answer(s)", "\r")
        for question in ("What is fixed", "go wrong", "after every item"):
            person.answer(question, "\r")
        person.answer("B001 title", "Tasks\r")
        person.answer("one sentence", "\r")
        person.answer("priority P1", "P7\r")
        person.see("one of those")  # the line stays to be mended
        person.type("\x7f1\r")
        person.answer("size S", "\r")
        person.answer("criterion 1", "what was created is listed\r")
        person.answer("the command that shows it", "grep -q create tasks.py\r")
        person.answer("criterion 2", "\r")
        person.answer("B002 title", "\r")
        person.answer("Write the plan with 1 item(s)?", "y\r")
        assert person.ended() == 0 and "SCAFFOLDED Tasks" in person.shown and "# Plan — Tasks" in person.shown
    backlog = (place.root / ".opencode/backlog.md").read_text("utf-8")
    assert (
        "- Priority: P1\n" in backlog
        and "  - [ ] what was created is listed — check: `grep -q create tasks.py`\n" in backlog
    )
    assert f"{BRIEF} in 200 ms" in (place.root / ".opencode/spec.md").read_text("utf-8")
    assert not kept.exists()


def test_no_is_no_and_a_kill_keeps_what_was_answered(place: Shop) -> None:
    with terminal(place, "--language", "fr") as person:
        person.answer("Comment s'appelle le projet", "\r")
        person.answer("Que doit-on obtenir", "")
        os.killpg(person.process.pid, signal.SIGKILL)
        assert person.ended() == -signal.SIGKILL
    said = ("95 %", "a", "", "b", "", "", "", "", "Un", "", "", "", "c", "true", "", "")
    with terminal(place, "--language", "fr") as person:
        for text in said:
            person.answer("", f"{text}\r")
        person.answer("Écrire le plan de 1 item(s) ?", "non\r")
        assert person.ended() == 130 and "On reprend après 1 réponse(s)" in person.shown
        assert "réponse(s) sont gardées dans" in " ".join(person.shown.split())
    assert not (place.root / ".opencode/backlog.md").exists()
    (kept,) = place.home.rglob("plan.json")
    assert (
        len(json.loads(kept.read_text("utf-8"))["given"]) == len(said) + 1
    )  # "no" is not kept: it would be asked again


def test_home_is_no_workspace(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write(home, {"a.md": GOOD})
    done = command(home, home, "plan", "--answers", "a.md")
    assert done.returncode == 1 and "NO_WORKSPACE" in done.stderr and not (home / ".opencode").exists()
