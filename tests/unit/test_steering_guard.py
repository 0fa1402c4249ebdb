"""The read guard (peer-slots-steering.md §4.5): each of its bypasses W-E1, W-E4, W-E5, W-E6 that the core decides is a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from echelon.core.config import parse
from echelon.core.fence import Ruling
from echelon.core.steering import guard
from echelon.core.steering.guard import Facts
from echelon.core.steering.outline import count, headings, rows
from steering_texts import text

SPEC = text("en", "spec.md")
FILES = {"/w/.opencode/spec.md": SPEC, "/w/.opencode/backlog.md": text("en", "backlog.md")}


def look(path: str) -> Sequence[Facts]:
    return [Facts(path.removeprefix("/w/"), FILES[path])] if path in FILES else []


def asks(
    tool: str, arguments: Mapping[str, Any], look: Callable[[str], Sequence[Facts]] = look, threshold: int = 150
) -> Ruling:
    return guard.judge(tool, arguments, "/w", look, threshold)


def lines(number: int, last: str = "\n") -> str:
    return "\n".join(f"line {at}" for at in range(1, number + 1)) + last


def is_guarded(tool: str, **arguments: Any) -> bool:
    refusal = asks(tool, arguments).refusal
    assert refusal is None or refusal.code == "READ_GUARDED"
    return refusal is not None


# --------------------------------------------------------------------------------------------------------- read


@pytest.mark.parametrize(
    "more", [{}, {"limit": None}, {"offset": 0}, {"limit": 99999}, {"limit": 0}, {"offset": None, "limit": -1},
             {"offset": 1, "limit": 151}, {"limit": "200"}, {"limit": "all"}, {"limit": float("inf")}, {"limit": [1]}],
)  # fmt: skip
def test_W_E5_a_range_that_is_none_or_too_wide_is_guarded(more: dict[str, Any]) -> None:
    assert is_guarded("read", filePath=".opencode/spec.md", **more)
    assert is_guarded("read", filePath="/w/x/../.opencode//spec.md", **more)


@pytest.mark.parametrize(
    "more",
    [{"limit": 150}, {"offset": 100, "limit": 150}, {"offset": 127}, {"offset": 127, "limit": 9999}, {"offset": "200"}],
)
def test_a_range_within_the_threshold_passes(more: dict[str, Any]) -> None:
    """The fixture's spec has 276 lines: from line 127 on they are 150."""
    assert not is_guarded("read", filePath=".opencode/spec.md", **more)


@pytest.mark.parametrize(("content", "guarded"), [(lines(150), False), (lines(150, ""), False), (lines(151), True)])
def test_W_E5_150_lines_and_a_last_line_feed_are_150(content: str, guarded: bool) -> None:
    ruling = asks("read", {"filePath": "a"}, lambda _: [Facts("a", content)])
    assert (ruling.refusal is not None) == guarded


def test_lines_are_counted_as_an_editor_does() -> None:
    assert [count(row) for row in ("", "\n", "a", "a\n", "a\nb", "a\r\nb\r\n", "a\u2028b", "\n\n")] == [
        0,
        1,
        1,
        1,
        2,
        2,
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("inner", "guarded"),
    [
        (".opencode/spec.md", True), (".opencode/backlog.md", True), (".opencode/project.md", True),
        (".opencode/program.md", True), (".opencode/enterprise.md", True), (".opencode/backlog-item-active.md", True),
        (".opencode/programs/PGM-001/projects/PRJ-002/spec.md", True), (".opencode/projects/PRJ-001/backlog.md", True),
        (".opencode/archive/journals/2026-01.md", True), (".opencode/archive/backlog-items/B001.md", True),
        (".OPENCODE/Spec.md", True), ("apps/web/spec.md", True),
        (".opencode/context.md", False), (".opencode/todo.md", False), (".opencode/archive/x.json", False),
        ("docs/spec.md", False), ("spec.md", False), ("opencode/spec.md", False), (".opencode/spec.md/other", False),
    ],
)  # fmt: skip
def test_W_E5_which_files_are_guarded(inner: str, guarded: bool) -> None:
    assert guard.is_steering(inner, {"apps/web/spec.md"}) == guarded


def test_the_answer_is_the_outline_and_the_way_to_read() -> None:
    refusal = asks("read", {"filePath": ".opencode/spec.md"}).refusal
    assert refusal is not None
    said = str(refusal)
    assert ".opencode/spec.md has 276 lines" in said and "steering_find" in said and "offset and limit" in said
    assert "\n61-68 ## Definition of done\n" in said
    assert SPEC.split("\n")[61 - 1] == "## Definition of done" and SPEC.split("\n")[68] == "## Interfaces and contracts"


def test_an_outline_is_capped_and_says_what_it_left_out() -> None:
    many = "# T\n" + "".join(f"## Part {at}\n### Inner\nx\n" for at in range(1, 400))
    shown = rows(headings(many), 48)
    assert len(shown) == 49 and shown[-1] == f"… and {1 + 2 * 399 - 48} more headings"
    said = str(asks("read", {"filePath": "a"}, lambda _: [Facts("a", many)]).refusal)
    assert len(said) < 3_000
    nothing = str(asks("read", {"filePath": "a"}, lambda _: [Facts("a", lines(200))]).refusal)
    assert "(no headings)" in nothing


def test_a_heading_cannot_pretend_to_be_ours() -> None:
    evil = "# T\n## a\x1b[31m\u202eb\x07\n" + "## " + "x" * 5_000 + "\n" + lines(200)
    said = str(asks("read", {"filePath": "a\x1b"}, lambda _: [Facts("a\x1b\n", evil)]).refusal)
    assert not any(sign in said for sign in "\x1b\u202e\x07") and len(said) < 700


# -------------------------------------------------------------------------------------------------------- shell

WIDE = (
    r"""
cat .opencode/spec.md
cat -n .opencode/spec.md 2>/dev/null
cat -- .opencode/spec.md 2>&1
cat ./.opencode/../.opencode/spec.md
cat README.md .opencode/spec.md
cat .opencode/{spec,backlog}.md
cat < .opencode/spec.md
cd .opencode && cat spec.md
(cd .opencode; cat spec.md)
cat README.md; cat '.opencode/spec.md' || true
cat .opencode/spec.md | cat
cat .opencode/spec.md | head -200
cat .opencode/spec.md | tee copy.md
X=1 cat .opencode/spec.md
if true; then cat .opencode/spec.md; fi
echo "$(cat .opencode/spec.md)"
bash -c 'cat .opencode/spec.md'
sh <<EOF
timeout 5 cat .opencode/spec.md
env A=1 nice cat .opencode/spec.md
less .opencode/spec.md
more .opencode/spec.md
nl -ba .opencode/spec.md
tac .opencode/spec.md
bat .opencode/spec.md
bat -r 1:200 .opencode/spec.md
head -n 151 .opencode/spec.md
head -n -5 .opencode/spec.md
head -151 .opencode/spec.md
head --lines=999 .opencode/spec.md
head -c 99999 .opencode/spec.md
head -c 20k .opencode/spec.md
tail -n 151 .opencode/spec.md
tail -n +2 .opencode/spec.md
tail +2 .opencode/spec.md
sed '' .opencode/spec.md
sed -n p .opencode/spec.md
sed -n '1,151p' .opencode/spec.md
sed -n 1,\$p .opencode/spec.md
sed -n -e '1,100p' -e '150,250p' .opencode/spec.md
sed -n '1,100p;120,200p' .opencode/spec.md
sed -n '1,100p' .opencode/spec.md; sed -n '101,200p' .opencode/spec.md
sed -n '1,+200p' .opencode/spec.md
sed 's/a/b/' .opencode/spec.md
sed '200q' .opencode/spec.md
sed '1,10d' .opencode/spec.md
awk 1 .opencode/spec.md
awk '{print}' .opencode/spec.md
awk '{print NR": "$0}' .opencode/spec.md
awk 'NR>=10' .opencode/spec.md
awk 'NR>=1 && NR<=200 {print}' .opencode/spec.md
awk 'NR==1,NR==200' .opencode/spec.md
awk 'NR>200{exit} 1' .opencode/spec.md
grep '' .opencode/spec.md
grep -n . .opencode/spec.md
grep -v '^$' .opencode/spec.md
grep -C 300 refund .opencode/spec.md
""".strip()
    .replace("<<EOF", "<<EOF\ncat .opencode/spec.md\nEOF")
    .split("\n")
)


def _joined(rows: list[str]) -> list[str]:
    """The here-document is one command of three lines."""
    at = rows.index("sh <<EOF")
    return [*rows[:at], "\n".join(rows[at : at + 3]), *rows[at + 3 :]]


NARROW = r"""
cat README.md
cat .opencode/todo.md
cat .opencode/spec.md | head -50
cat .opencode/spec.md | head
cat .opencode/spec.md | tail -20 | cat
nl -ba .opencode/spec.md | sed -n '200,276p'
cat .opencode/spec.md | grep -n refund
cat .opencode/spec.md | wc -l
cat .opencode/spec.md > copy.md
cat .opencode/spec.md >> copy.md 2>&1
cp .opencode/spec.md copy.md
wc -l .opencode/spec.md
git add .opencode/spec.md
git commit -m "cat .opencode/spec.md"
echo cat .opencode/spec.md
grep -n refund .opencode/spec.md
grep -rn "Definition of done" .opencode
grep -c '' .opencode/spec.md
grep -n -A 5 '## Security' .opencode/spec.md
grep -m 20 . .opencode/spec.md
head .opencode/spec.md
head -n 150 .opencode/spec.md
head -c 4000 .opencode/spec.md
tail .opencode/spec.md
tail -n 150 .opencode/spec.md
tail -n +200 .opencode/spec.md
tail -n +100 .opencode/spec.md | head -40
sed -n '10,60p' .opencode/spec.md
sed -n 10p .opencode/spec.md
sed -n '200,$p' .opencode/spec.md
sed -n '/## Scope/,/## Technical/p' .opencode/spec.md
sed -n 's/refund/x/p' .opencode/spec.md
sed -i 's/a/b/' .opencode/spec.md
sed '20q' .opencode/spec.md
sed '200,$d' .opencode/spec.md | head -20
awk 'NR>=10 && NR<=20' .opencode/spec.md
awk 'NR==10' .opencode/spec.md
awk 'NR==10,NR==20 {print}' .opencode/spec.md
awk '/refund/' .opencode/spec.md
awk '/Security/ && NR<200' .opencode/spec.md
bat -r 1:40 .opencode/spec.md
cd /elsewhere && cat .opencode/spec.md
cd "$X" && cat .opencode/spec.md
cat "$FILE"
cat
""".strip().split("\n")


@pytest.mark.parametrize("command", _joined(WIDE))
def test_W_E5_a_shell_that_prints_the_file_is_guarded(command: str) -> None:
    assert is_guarded("bash", command=command)


@pytest.mark.parametrize("command", NARROW)
def test_a_shell_that_prints_a_part_searches_or_does_something_else_passes(command: str) -> None:
    assert not is_guarded("bash", command=command)


def test_a_shell_in_a_folder_of_its_own() -> None:
    assert is_guarded("bash", command="cat spec.md", workdir=".opencode")
    assert is_guarded("bash", command="cat spec.md", workdir="/w/.opencode")
    assert not is_guarded("bash", command="cat .opencode/spec.md", workdir="/x")


def test_several_files_are_told_of_at_once() -> None:
    said = str(
        asks(
            "bash", {"command": "cat .opencode/*.md"}, lambda _: [fact for path in FILES for fact in look(path)]
        ).refusal
    )
    assert ".opencode/spec.md has 276 lines" in said and ".opencode/backlog.md has 415 lines" in said
    many = [Facts(f"{at}.md", lines(200)) for at in range(50)]
    said = str(asks("bash", {"command": "cat *"}, lambda _: many).refusal)
    assert "47 more files" in said and len(said) < 1_000


# ----------------------------------------------------------------------------------------------------- @mention


def test_a_task_names_a_long_file_without_attaching_it() -> None:
    """host-opencode.md trap 15: the host puts `@file` of a `task` whole into the child's first message, unasked."""
    given = {"subagent_type": "Worker", "prompt": "Do B001: @.opencode/spec.md, then @README.md. Mail a@b."}
    ruling = asks("task", given)
    assert ruling.refusal is None and ruling.arguments is not None
    prompt = ruling.arguments["prompt"]
    assert prompt.startswith("Do B001: .opencode/spec.md, then @README.md. Mail a@b.\n\nNot attached, because long: ")
    assert "steering_find" in prompt and ruling.arguments["subagent_type"] == "Worker"
    assert asks("task", ruling.arguments) == Ruling(), "what came out is as it should be"


def test_a_mention_is_looked_for_in_the_folders_above_too() -> None:
    """The host resolves it against the work tree, the workspace may be a folder in it."""
    ruling = guard.judge("task", {"prompt": "@.opencode/spec.md"}, "/w/packages/web", look, 150)
    assert ruling.arguments is not None and not ruling.arguments["prompt"].startswith("@")
    assert asks("task", {"prompt": "see `@.opencode/spec.md`"}) == Ruling(), "the host attaches nothing here"
    assert asks("task", {"prompt": "@.opencode/spec.md"}, threshold=300) == Ruling()


def test_W_E6_the_settings_are_read_and_a_wrong_one_is_an_error() -> None:
    config, findings = parse('{"webConsole": {"enabled": true}}', "orchestrator.jsonc")
    assert config["steering.readGuard"] is True and config["steering.lineThreshold"] == 150 and not findings
    config, findings = parse(
        '{"language": "en", // "a // b"\n "steering": {"readGuard": false, "lineThreshold": 80}}', "x"
    )
    assert config["steering.readGuard"] is False and config["steering.lineThreshold"] == 80 and not findings
    for wrong in ('{"readGuard": "false"}', '{"lineThreshold": 0}', '{"lineThreshold": "150"}'):
        config, findings = parse(f'{{"steering": {wrong}}}', "x")
        assert [row.severity for row in findings] == ["error"]
        assert config["steering.readGuard"] is True and config["steering.lineThreshold"] == 150
