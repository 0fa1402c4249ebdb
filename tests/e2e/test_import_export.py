"""`echelon import` and `echelon export` as a person meets them: in an empty repository, and with wrong input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import importable
from echelon.cli.commands.export import schema
from echelon.core.documents import entries
from echelon.engine import example, gathering
from slots_world import plain, write
from workspaces import bytes_of, command, does, environment, playbook


class Person:
    """A person with a repository that holds files of another tool."""

    def __init__(self, folder: Path, files: importable.Files) -> None:
        self.root, self.home = folder / "shop", folder / "home"
        self.root.mkdir(parents=True)
        self.home.mkdir()
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8", "surrogatepass"))
        plain(self.root, "init", "-q", "-b", "main")
        plain(self.root, "config", "user.name", "Una")
        plain(self.root, "config", "user.email", "una@example.org")
        plain(self.root, "add", "-A")
        plain(self.root, "commit", "-q", "-m", "as it was")

    def cli(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return command(self.root, self.home, *words, **more)

    def json(self, *words: str) -> Any:
        done = self.cli(*words)
        assert done.stderr == "", done.stderr
        return json.loads(done.stdout)

    def text(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")


@pytest.mark.parametrize("kind", sorted(importable.TIDY))
@pytest.mark.parametrize("messy", [False, True])
def test_each_format_gives_a_workspace_that_doctor_calls_clean_or_explains(
    tmp_path: Path, kind: str, messy: bool
) -> None:
    person = Person(tmp_path, (importable.MESSY if messy else importable.TIDY)[kind])
    before = bytes_of(person.root)
    done = person.cli("import", ".")
    assert (done.returncode, done.stderr) == (0, "")
    assert "wrote .opencode/backlog.md" in done.stdout and done.stdout.rstrip().split("\n")[-1].startswith("Next: ")
    assert {
        path: content for path, content in bytes_of(person.root).items() if not path.startswith(".opencode/")
    } == before
    found = person.cli("doctor", "--json")
    codes = {row["code"] for row in json.loads(found.stdout)["findings"] if row["severity"] != "info"}
    circle = {"DEPENDENCY_CYCLE"} if "wait for each other" in done.stdout else set()
    assert codes <= {"NO_CHECK", "NO_CRITERIA"} | circle
    assert found.returncode == (1 if circle else 0)
    jsonschema.validate(person.json("export"), json.loads(schema()))


def test_an_imported_backlog_is_delivered_once_it_has_checks(tmp_path: Path) -> None:
    person = Person(tmp_path, importable.MARKDOWN)
    assert person.cli("import", "TODO.md").returncode == 0
    backlog = person.root / ".opencode/backlog.md"
    text = backlog.read_text("utf-8").replace(
        "it is on at midnight", "it is on at midnight — check: `grep -qx done B002.txt`"
    )
    backlog.write_text(text, "utf-8")
    write(
        person.root,
        {".opencode/playbook/playbook.toml": playbook({"B002": [does("B002")]}), ".opencode/orchestrator.jsonc": "{}"},
    )
    text = text.replace("  - [ ] it is off at noon\n", "")  # a criterion without a check would wait for a person's word
    backlog.write_text(text, "utf-8")
    plain(person.root, "add", "-A")
    plain(person.root, "commit", "-q", "-m", "approved")
    done = person.cli("deliver", "--item", "B002")
    assert "B002" in done.stdout and done.returncode == 0, done.stderr
    (item,) = [one for one in person.json("export")["items"] if one["id"] == "B002"]
    assert (item["state"], item["coverage"]) == ("delivered", "proved") and item["commit"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    person = Person(tmp_path, {**importable.TASK_MASTER, ".opencode/spec.md": "# Mine\n"})
    first = person.cli("import", ".")
    assert "kept .opencode/spec.md" in first.stdout and person.text(".opencode/spec.md") == "# Mine\n"
    before = bytes_of(person.root)
    for words in (("import", "."), ("import", ".", "--json"), ("import", ".", "--dry-run")):
        again = person.cli(*words)
        assert (
            again.returncode == 1
            and "BACKLOG_IN_THE_WAY" in again.stdout + again.stderr
            and "--to" in again.stdout + again.stderr
        )
        assert bytes_of(person.root) == before
    assert "B002  Tariff table" in again.stdout  # what was read is shown all the same
    beside = person.cli("import", ".", "--to", ".opencode/projects/PRJ-001")
    assert beside.returncode == 0 and "no program.md lists .opencode/projects/PRJ-001" in beside.stdout
    assert person.cli("undo").returncode == 0
    assert not (person.root / ".opencode/projects/PRJ-001/backlog.md").exists()


def test_what_init_wrote_is_nobodys(tmp_path: Path) -> None:
    person = Person(tmp_path, importable.MARKDOWN)
    assert person.cli("init").returncode == 0
    settings = person.text(".opencode/orchestrator.jsonc")
    done = person.cli("import", "TODO.md")
    assert done.returncode == 0 and "B002" in person.text(".opencode/backlog.md")
    assert (
        person.text(".opencode/spec.md").startswith("# Spec — Lighthouse")
        and person.text(".opencode/orchestrator.jsonc") == settings
    )
    assert person.cli("undo").returncode == 0
    assert "B002" not in person.text(".opencode/backlog.md")
    (person.root / ".opencode/backlog.md").write_text(person.text(".opencode/backlog.md") + "\nmine\n", "utf-8")
    assert person.cli("import", "TODO.md").returncode == 1


def test_a_dry_run_writes_nothing_at_all(tmp_path: Path) -> None:
    person = Person(tmp_path, importable.GITHUB)
    before = bytes_of(person.root)
    done = person.cli("import", "issues.json", "--dry-run")
    assert (
        done.returncode == 0
        and "would write .opencode/backlog.md" in done.stdout
        and "the same without --dry-run" in done.stdout
    )
    assert bytes_of(person.root) == before
    report = person.json("import", "issues.json", "--dry-run", "--json")
    assert report["dryRun"] and [row["id"] for row in report["items"]] == ["B010", "B012"]
    assert [row["origin"] for row in report["leftOut"]] == ["#8", "#9"] and report["notes"][0]["line"] == 1


def test_wrong_input_is_told_with_what_to_do(tmp_path: Path) -> None:
    person = Person(
        tmp_path,
        {
            **importable.BACKLOG_MD,
            **importable.SPEC_KIT,
            "a.json": '{"tasks": [',
            "prose.md": "no boxes\n",
            "tasks.json": '{"tasks": [',
        },
    )
    cases = [
        (("nowhere",), 1, "IMPORT_NOT_FOUND"), (("prose.md",), 1, "IMPORT_UNKNOWN"), ((".",), 1, "IMPORT_AMBIGUOUS"),
        (("tasks.json",), 1, "IMPORT_BROKEN: tasks.json:1:12"), (("prose.md", "--format", "github"), 1, "IMPORT_EMPTY"),
        (("prose.md", "--format", "trello"), 2, "trello"), ((), 2, "PATH"), (("backlog", "--to", "../elsewhere"), 1, "PATH_NOT_ALLOWED"),
        (("backlog", "--to", ".opencode/echelon"), 1, "PATH_NOT_ALLOWED"), (("/dev/zero",), 1, "IMPORT_NOT_FOUND"),
    ]  # fmt: skip
    before = bytes_of(person.root)
    for words, code, told in cases:
        done = person.cli("import", *words)
        assert done.returncode == code and told in done.stderr, (words, done.stderr)
        assert code == 2 or "Next: " in done.stderr
    assert bytes_of(person.root) == before


def test_links_are_not_followed_and_sizes_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person(tmp_path, importable.BACKLOG_MD)
    (tmp_path / "secret.md").write_text("---\nid: TASK-99\ntitle: secret\nstatus: To Do\n---\n", "utf-8")
    (person.root / "backlog/tasks/task-99.md").symlink_to(tmp_path / "secret.md")
    (person.root / "backlog/tasks/loop").symlink_to(person.root)
    assert "TASK-99" not in person.cli("import", ".", "--dry-run").stdout
    monkeypatch.chdir(person.root)
    monkeypatch.setattr(gathering, "FILE_BYTES_MAX", 10)
    with pytest.raises(gathering.LimitError, match="IMPORT_TOO_LARGE"):
        gathering.gather("backlog")


def test_a_portfolio_is_asked_where_to(tmp_path: Path) -> None:
    person = Person(tmp_path, {**importable.SPEC_KIT, **_PORTFOLIO})
    refused = person.cli("import", "specs")
    assert refused.returncode == 1 and "IMPORT_WHERE" in refused.stderr
    folder = ".opencode/programs/PGM-001/projects/PRJ-001"
    assert f"PGM-001/PRJ-001: --to {folder}" in refused.stderr
    done = person.cli("import", "specs", "--to", folder)
    assert done.returncode == 0 and "no program.md" not in done.stdout
    assert len(entries.parse(person.text(f"{folder}/backlog.md")).entries) == 10
    assert [row["key"] for row in person.json("export")["projects"]] == ["PGM-001/PRJ-001"]


_HEAD = "### {} — One\n- Priority: P1\n- Status: [ ]\n- Depends on: —\n"
_PORTFOLIO = {
    ".opencode/enterprise.md": _HEAD.format("PGM-001"),
    ".opencode/programs/PGM-001/program.md": _HEAD.format("PRJ-001"),
}


# -------------------------------------------------------------------------------------------------------- export


def test_an_export_goes_out_and_replaces_only_its_like(tmp_path: Path) -> None:
    person = Person(tmp_path, importable.MARKDOWN)
    assert person.cli("export").returncode == 1  # no workspace
    person.cli("import", ".")
    first = person.cli("export").stdout
    assert first == person.cli("export", "--format", "json").stdout
    for kind, name in (("json", "a.json"), ("mermaid", "a.mmd"), ("schema", "a.schema.json")):
        for _ in range(2):
            done = person.cli("export", "--format", kind, "--out", name)
            assert done.returncode == 0 and "wrote " in done.stdout, done.stderr
    assert person.text("a.json") == first
    jsonschema.validate(json.loads(person.text("a.json")), json.loads(person.text("a.schema.json")))
    assert person.text("a.mmd").startswith("%% echelon export 1\nflowchart LR\n")
    refused = person.cli("export", "--out", "TODO.md")
    assert (
        refused.returncode == 1
        and "FILE_NOT_OURS" in refused.stderr
        and person.text("TODO.md") == importable.MARKDOWN["TODO.md"]
    )
    assert person.cli("export", "--out", "TODO.md", "--force").returncode == 0
    assert person.cli("export", "--force").returncode == 2
    assert person.cli("export", "--out", "no/such/folder.json").returncode == 1


def test_the_example_portfolio_is_what_the_schema_says(tmp_path: Path) -> None:
    example.lay_out("harbour", tmp_path / "harbour")
    (tmp_path / "home").mkdir()
    done = command(tmp_path / "harbour", tmp_path / "home", "export")
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(schema()))
    assert (value["depth"], len(value["programs"]), len(value["projects"]), len(value["items"])) == (
        "enterprise",
        2,
        4,
        21,
    )
    assert all(wanted["key"] for item in value["items"] for wanted in item["dependsOn"])
    graph = command(tmp_path / "harbour", tmp_path / "home", "export", "--format", "mermaid").stdout
    assert graph.count("subgraph") == 6 and " --> " in graph


def test_issues_come_in_by_a_pipe(tmp_path: Path) -> None:
    person = Person(tmp_path, {"a.md": "x"})
    done = subprocess.run(
        [sys.executable, "-m", "echelon", "import", "-"], cwd=person.root, env=environment(person.home), text=True,
        input=importable.GITHUB["issues.json"], capture_output=True, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "imported from #12 (stdin)" in person.text(".opencode/backlog.md")
