"""The command line as a person meets it: real processes, real git, what is on stdout, on stderr, and in the exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from echelon.actions.table import ACTIONS, perform
from echelon.core.codes import CODES
from echelon.core.decide import Refusal
from slots_world import plain, write
from workspaces import HONEST, THREE, Shop, backlog, bytes_of, check, command, does, item, wants

# ------------------------------------------------------------------------------------------------ the main path


def test_three_items_are_delivered_and_a_plain_clone_proves_them(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    done = shop.started("deliver")
    assert (done.returncode, done.stderr) == (0, "")
    assert "done: 3 items delivered (B001, B002, B003)" in done.stdout
    assert shop.merges() == ["B001", "B002", "B003"]
    assert shop.git("status", "--porcelain", "--", "*.txt") == ""  # the person's checkout has followed
    assert (shop.root / "B003.txt").read_text("utf-8") == "done\n"
    shown = shop.json("status", "--json")
    assert shown["project"]["items"] == {
        "delivered": 3, "inProgress": 0, "failed": 0, "suspended": 0, "pending": 0, "total": 3
    }  # fmt: skip
    assert shown["evidence"]["proved"] == 3
    assert shop.json("report", "--json")["evidence"]["proved"] == 3
    again = shop.cli("deliver")
    assert (again.returncode, shop.merges()) == (0, ["B001", "B002", "B003"])

    plain(tmp_path, "clone", "-q", str(shop.root), str(tmp_path / "copy"))
    shutil.rmtree(shop.root)
    shutil.rmtree(shop.home)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    proved = command(elsewhere, tmp_path / "other-home", "verify", "--from", str(tmp_path / "copy"), start=True)
    assert (proved.returncode, proved.stderr) == (0, "")
    assert "3 of 3 statement(s) hold" in proved.stdout
    one = command(tmp_path / "copy", tmp_path / "other-home", "verify", "B002", "--json")
    assert [proof["item"] for proof in json.loads(one.stdout)["proofs"]] == ["B002"]
    none = command(tmp_path / "copy", tmp_path / "other-home", "verify", "B009")
    assert none.returncode == 1 and "NOTHING_TO_VERIFY" in none.stderr


def test_one_item_can_be_named(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    done = shop.cli("deliver", "--item", "B003", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["delivered"] == ["B003"]
    early = shop.cli("deliver", "--item", "B002")
    assert early.returncode == 1 and "B002 waits for B001" in early.stderr
    for words, code in ((("--item", "B009"), "ITEM_UNKNOWN"), (("--item", "B003"), "TRANSITION_REFUSED")):
        refused = shop.cli("deliver", *words)
        assert refused.returncode == 1 and code in refused.stderr and "Next:" in refused.stderr
    assert shop.delivered() == ["B003"]


def test_json_is_one_document_and_nothing_else(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, plays={"B001": [does("B001")]})
    blocked = shop.cli("deliver", "--json")
    assert blocked.returncode == 1
    assert json.loads(blocked.stdout)["code"] == "NOTHING_ELIGIBLE"
    for words in (("status",), ("report",), ("log",), ("doctor",), ("verify",)):
        done = shop.started(*words, "--json")
        json.loads(done.stdout)
        assert done.stderr == "", words
    for words in (
        ("call", "backlog_status", "--json", "{}"),
        ("call", "backlog_resume_item", "--json", '{"itemId": "B1"}'),
    ):
        json.loads(shop.cli(*words).stdout)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("deliver", "--help"), 0),
        (("nonsense",), 2),
        (("deliver", "--nonsense"), 2),
        (("deliver", "--host", "nowhere"), 2),
        (("verify", "--from", "/no/such/folder"), 2),
        (("log", "-n", "0"), 2),
        (("call",), 2),
        (("call", "backlog_status", "--json", "{"), 2),
        (("call", "backlog_status", "--json", "[]"), 2),
        (("call", "backlog_status", "--json", '{"what": 1}'), 2),
        (("call", "no_such_action"), 1),
        (("undo", "no-such-operation"), 1),
        (("undo",), 1),
    ],
)
def test_exit_codes(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    shop = Shop.make(tmp_path)
    before = bytes_of(shop.root / ".opencode", without=("echelon",))
    done = shop.started(*words)
    assert done.returncode == code
    assert bool(done.stderr) == (code != 0)
    assert bytes_of(shop.root / ".opencode", without=("echelon",)) == before


def test_our_own_mistake_leaves_a_crash_log(tmp_path: Path) -> None:
    """A fault nobody foresaw: an installation whose table of commands cannot be imported."""
    shop = Shop.make(tmp_path)
    broken = tmp_path / "path"
    write(broken, {"sitecustomize.py": "import sys\nsys.modules['echelon.cli.commands.status'] = None\n"})
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "echelon", "status"],
        cwd=shop.root, env=shop.env(PYTHONPATH=str(broken)), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 3 and "Traceback" not in done.stderr
    log = Path(done.stderr.rsplit(" ", 1)[1].strip())
    assert "Traceback" in log.read_text("utf-8") and log.is_relative_to(shop.home)


# ------------------------------------------------------------------------------------------------ init


def test_init_adopts_and_never_overwrites(tmp_path: Path) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    plain(root, "init", "-q", "-b", "main")
    write(root, {"app.py": "x = 1\n", ".opencode/spec.md": "# mine\r\n"})
    first = command(root, tmp_path / "home", "init")
    assert (first.returncode, first.stderr) == (0, "")
    assert "kept  .opencode/spec.md" in first.stdout and "wrote .opencode/backlog.md" in first.stdout
    assert (root / ".opencode/spec.md").read_bytes() == b"# mine\r\n" and (root / "app.py").read_text(
        "utf-8"
    ) == "x = 1\n"
    held = bytes_of(root)
    again = command(root, tmp_path / "home", "init", "--language", "fr")
    assert again.returncode == 0 and "nothing was missing" in again.stdout
    assert bytes_of(root) == held


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_init_writes_is_sound(tmp_path: Path, language: str) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    plain(root, "init", "-q", "-b", "main")
    command(root, tmp_path / "home", "init", "--language", language)
    found = json.loads(command(root, tmp_path / "home", "doctor", "--json").stdout)["findings"]
    assert [row for row in found if row["severity"] == "error" and row["path"]] == []
    assert command(root, tmp_path / "home", "status").returncode == 0


# ------------------------------------------------------------------------------------------------ without git


def test_without_git_in_place_is_offered_and_recorded_as_weaker(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, git=False)
    no = shop.cli("deliver")
    assert no.returncode == 1 and "NOT_A_REPOSITORY_IN_PLACE" in no.stderr and "--in-place" in no.stderr
    assert shop.delivered() == []
    done = shop.cli("deliver", "--in-place")
    assert (done.returncode, done.stderr) == (0, "")
    assert shop.delivered() == ["B001", "B002", "B003"]
    log = (shop.root / ".opencode/echelon/evidence.jsonl").read_text("utf-8")
    statements = [json.loads(row)["body"]["statement"] for row in log.splitlines() if '"statement"' in row]
    assert [value["predicate"]["inPlace"] for value in statements] == [True] * 3
    assert "in place" in shop.cli("report").stdout.lower()


def test_in_place_lies_are_refused_too(tmp_path: Path) -> None:
    config = {"limits": {"attempts": 1}}
    shop = Shop.make(tmp_path, backlog(wants("B001")), {"B001": [{"steps": []}]}, git=False, config=config)
    assert shop.deliver(in_place=True).outcome.status == "blocked"
    assert shop.delivered() == []


def test_in_place_is_refused_where_there_is_git(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    assert shop.cli("deliver", "--in-place").returncode == 2


# ------------------------------------------------------------------------------------------------ proof


def test_every_flipped_byte_of_the_evidence_log_is_noticed(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), HONEST)
    assert shop.deliver().outcome.status == "done"
    path = shop.root / ".opencode/echelon/evidence.jsonl"
    good = path.read_bytes()
    assert shop.verify(rerun=False).holds
    for at in range(0, len(good), max(1, len(good) // 25)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert not shop.verify(rerun=False).holds, good[max(0, at - 20) : at + 20]
    path.write_bytes(good)
    assert shop.cli("verify").returncode == 0
    path.write_bytes(good[: len(good) // 2] + bytes([good[len(good) // 2] ^ 1]) + good[len(good) // 2 + 1 :])
    bad = shop.cli("verify")
    assert bad.returncode == 1 and "EVIDENCE_LOG_CHANGED" in bad.stderr


def test_every_flipped_byte_of_a_rewritten_statement_is_noticed(tmp_path: Path) -> None:
    """Somebody rewrites the newest merge commit with one byte of its statement changed, parents and tree kept."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), HONEST)
    assert shop.deliver().outcome.status == "done"
    message = shop.git("log", "-1", "--format=%B", "main").rstrip() + "\n"
    tree, parents = shop.git("rev-parse", "main^{tree}"), shop.git("log", "-1", "--format=%P", "main").split()
    start = message.index("Echelon-Evidence")
    (shop.root / ".opencode/echelon/evidence.jsonl").unlink()  # the clone has none
    for at in range(start, len(message) - 1, max(1, (len(message) - start) // 20)):
        changed = message[:at] + chr(ord(message[at]) ^ 1) + message[at + 1 :]
        (tmp_path / "message").write_text(changed, "utf-8")
        words = [word for parent in parents for word in ("-p", parent)]
        commit = shop.git("commit-tree", tree, *words, "-F", str(tmp_path / "message"))
        shop.git("update-ref", "refs/heads/main", commit)
        assert not shop.verify(rerun=False).holds, message[max(start, at - 20) : at + 20]


def test_a_false_tree_under_a_true_statement_is_noticed(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001")), HONEST)
    shop.deliver()
    (shop.root / "B001.txt").write_text("not done\n", "utf-8")
    shop.git("commit", "-q", "--amend", "--no-edit", "--", "B001.txt")
    done = shop.cli("verify")
    assert done.returncode == 1 and "TREE_DIFFERS" in done.stderr


def test_a_check_that_answers_differently_now_is_noticed(tmp_path: Path) -> None:
    """The record is untouched and consistent; only running it again tells."""
    once = f"grep -qx done B001.txt && test -f {tmp_path}/flag"
    shop = Shop.make(
        tmp_path,
        backlog(item("B001", check(once))),
        {"B001": [does("B001")]},
        config={"checks": {"sandbox": "off"}},
    )
    (tmp_path / "flag").touch()
    assert shop.deliver().outcome.status == "done"
    (tmp_path / "flag").unlink()
    done = shop.cli("verify")
    assert done.returncode == 1 and "RERUN_DIFFERS" in done.stderr
    assert shop.cli("verify", "--no-run").returncode == 0


# ------------------------------------------------------------------------------------------------ log, undo, call


def test_undo_brings_back_every_byte(tmp_path: Path) -> None:
    weird = THREE.replace("\n", "\r\n").replace("# Backlog — Shop", "\ufeff# Backlog — Shop") + "tail without end"
    shop = Shop.make(tmp_path, weird)
    raise_it = {
        "context": "B003 is unclear", "attempts": "none", "option1_label": "yes", "option2_label": "no",
        "expected_decision": "yes or no?", "item": "B003",
    }  # fmt: skip
    before = bytes_of(shop.root / ".opencode", without=("echelon",))
    assert shop.cli("call", "record_escalation", "--json", json.dumps(raise_it)).returncode == 0
    after = bytes_of(shop.root / ".opencode", without=("echelon",))
    assert after != before
    undone = shop.cli("undo")
    assert (undone.returncode, undone.stderr) == (0, "")
    assert bytes_of(shop.root / ".opencode", without=("echelon",)) == before
    redo = json.loads(shop.cli("log", "--json").stdout)[-1]["id"]
    assert shop.cli("undo", redo).returncode == 0
    assert bytes_of(shop.root / ".opencode", without=("echelon",)) == after


def test_undo_of_what_has_effects_is_refused_with_the_way(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    assert shop.cli("call", "backlog_start_item").returncode == 0
    held = bytes_of(shop.root / ".opencode", without=("echelon",))
    refused = shop.cli("undo")
    assert refused.returncode == 1 and "UNDO_REFUSED" in refused.stderr and "backlog_suspend_item" in refused.stderr
    assert bytes_of(shop.root / ".opencode", without=("echelon",)) == held


def test_undo_never_writes_over_a_later_edit(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001", marker="~")))
    assert shop.cli("call", "backlog_resume_item", "--json", '{"itemId": "B001"}').returncode == 0
    path = shop.root / ".opencode/backlog.md"
    path.write_bytes(path.read_bytes() + b"\nmy own words\n")
    refused = shop.cli("undo")
    assert refused.returncode == 1 and "UNDO" in refused.stderr
    assert path.read_bytes().endswith(b"my own words\n")


def test_the_log_shows_what_happened(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001")), HONEST)
    assert "no operation yet" in shop.cli("log").stdout
    shop.deliver()
    rows = json.loads(shop.cli("log", "--json").stdout)
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    assert {"StartItem", "CloseItem", "Merged"} <= {row["request"]["action"] for row in rows}
    assert "B001" in shop.cli("log", "-n", "2").stdout


ARGUMENTS = {
    "backlog_start_item": {"itemId": "B001"},
    "backlog_fail_item": {"reason": "no"},
    "backlog_suspend_item": {"reason": "no"},
    "backlog_resume_item": {"itemId": "B002"},
    "backlog_attest": {"note": "looked"},
    "backlog_review_item": {"note": "looked"},
    "steering_find": {"terms": "B001"},
    "plan_project": {"brief": "a shop"},
    "scaffold_project": {
        "name": "n", "objective": "o", "in_scope": "i", "out_of_scope": "o", "constraints": "", "items_json": "[]"
    },
    "backlog_accept_weakening": {"note": "looked"},
    "backlog_rework_item": {"comments_json": '[{"path": "a.py", "line": 1, "text": "why?"}]'},
    "record_escalation": {
        "context": "c", "attempts": "a", "option1_label": "x", "option2_label": "y", "expected_decision": "d"
    },
    "resolve_escalation": {"escalation_id": "ESC-1", "decision": "yes"},
    "parallel_start_item": {"max_slots": 2},
    "enterprise_set_budget": {"budget": 2, "reason": "more"},
    **{name: {"item_id": "B001", "reason": "so"} for name in ("backlog_reopen_item", "backlog_waive_item", "parallel_fail_item")},
    **{
        action.name: {"reason": "so"}
        for action in ACTIONS.values()
        if action.arguments.__name__ in ("ProjectReasonArguments", "ProgramReasonArguments", "BaseArguments")
    },
}  # fmt: skip


@pytest.mark.parametrize("started", [False, True], ids=["idle", "in flight"])
def test_every_action_can_be_called(tmp_path: Path, started: bool) -> None:
    """Each answers done or refused with a code; none is a mistake of ours."""
    shop = Shop.make(tmp_path)
    for name in ACTIONS:
        if started:
            perform(shop.engine(), "backlog_start_item", {})
        answer = perform(shop.engine(), name, ARGUMENTS.get(name, {}))
        if isinstance(answer, Refusal):
            assert answer.code in CODES and answer.reasons and answer.step, name
        else:
            assert answer.message, name


def test_the_list_of_actions_names_each_with_its_arguments(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    listed = shop.cli("call", "--list").stdout
    for name, action in ACTIONS.items():
        assert f"{name}  (" in listed and action.doc in listed
    refused = json.loads(shop.cli("call", "backlog_close_item", "--json", "{}").stdout)
    assert (refused["ok"], refused["code"]) == (False, "NOTHING_IN_PROGRESS") and refused["next"]


def test_an_item_can_be_delivered_by_hand_through_the_actions(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    started = json.loads(shop.cli("call", "backlog_start_item", "--json", "{}").stdout)["data"]
    place = Path(started["directory"])
    (place / "B001.txt").write_text("done\n", "utf-8")
    red = shop.cli("call", "backlog_verify_item")
    assert red.returncode == 1 and "TASKS_OPEN" in red.stderr
    todo = place / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")
    assert shop.cli("call", "backlog_verify_item").returncode == 0
    closed = shop.cli("call", "backlog_close_item")
    assert closed.returncode == 0, closed.stderr
    assert shop.merges() == ["B001"] and shop.states()["B001"] == "delivered"


def test_doctor_repairs_without_loss_and_undo_takes_it_back(tmp_path: Path) -> None:
    text = backlog(wants("B001", marker="/"), wants("B002", marker="X"))
    shop = Shop.make(tmp_path, text)
    before = (shop.root / ".opencode/backlog.md").read_bytes()
    found = shop.cli("doctor")
    assert found.returncode == 1 and "ITEM_WITHOUT_SLOT" in found.stdout
    assert "backlog.md:5:1" in found.stdout
    assert shop.cli("doctor", "--repair").returncode == 0
    assert shop.states() == {"B001": "pending", "B002": "delivered"}
    assert shop.cli("doctor", "--repair").returncode == 0
    assert shop.cli("undo").returncode == 0
    assert (shop.root / ".opencode/backlog.md").read_bytes() == before


# ------------------------------------------------------------------------------------------------ odd places


def test_a_folder_with_an_awkward_name(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path / "my shop é 'x' \"y\" $z\n -q", backlog(wants("B001")), HONEST)
    assert shop.cli("deliver").returncode == 0
    assert shop.cli("verify").returncode == 0


def test_a_work_tree_of_the_persons_own(tmp_path: Path) -> None:
    """`git worktree add`: the delivery goes to the branch that is checked out there, and nowhere else."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), HONEST)
    main = shop.git("rev-parse", "main")
    shop.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Shop(tmp_path / "side", shop.home)
    assert side.cli("deliver").returncode == 0
    assert (shop.git("rev-parse", "main"), side.delivered(), shop.delivered()) == (main, ["B001"], [])
    assert side.git("status", "--porcelain", "--", "B001.txt") == ""


def test_a_folder_inside_a_repository_is_told_where_to_go(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path / "outer", git=False)
    plain(tmp_path / "outer", "init", "-q", "-b", "main")
    done = shop.cli("deliver")
    assert done.returncode == 1 and "WORKSPACE_NOT_TOP_LEVEL" in done.stderr


def test_verify_says_what_kind_of_clone_it_needs(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), HONEST)
    shop.deliver()
    plain(tmp_path, "clone", "-q", "--depth", "1", f"file://{shop.root}", "shallow")
    plain(tmp_path, "clone", "-q", "--bare", str(shop.root), "bare")
    (tmp_path / "empty").mkdir()
    for name, code in (("shallow", "CLONE_SHALLOW"), ("bare", "BARE"), ("empty", "NO_REPOSITORY")):
        done = command(tmp_path, tmp_path / "other", "verify", "--from", str(tmp_path / name))
        assert done.returncode == 1 and code in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_cannot_show_everything(tmp_path: Path, encoding: str) -> None:
    shop = Shop.make(tmp_path)
    assert "B001" in shop.cli("status", PYTHONIOENCODING=encoding).stdout
    assert shop.cli("verify", PYTHONIOENCODING=encoding).returncode == 1
