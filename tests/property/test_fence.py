"""Laws of the guard: total, idempotent, blind to spelling, and what it moves lands in the slot."""

from __future__ import annotations

import posixpath
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import proofs
from echelon.core.fence import Room, rule
from echelon.core.fence.rooms import clean, inside
from echelon.core.fence.shell import parse

HOME = "/home" + "/ada"
SHOP = f"{HOME}/shop"
SLOT = f"{HOME}/.local/state/echelon/workspaces/shop-0/slots/B001/work"
ROOMS = (Room(SLOT, SHOP, SHOP), Room(SLOT, SLOT, SHOP), Room(SLOT, f"{SHOP}/a", SHOP, False, (f"{HOME}/.cache",)))
PATHS_OF = {"read": "filePath", "write": "filePath", "edit": "filePath", "lsp": "filePath", "glob": "path",
            "grep": "path", "list": "path", "bash": "workdir"}  # fmt: skip
TOOLS = (*PATHS_OF, "task", "apply_patch", "patch", "multiedit", "webfetch", "x")

rooms = st.sampled_from(ROOMS)
parts = st.sampled_from(
    ["a", "b.py", "..", ".", "", "~", ".git", ".opencode", "echelon", "docs", "todo.md", "spec.md", "shop", "home", "ada",
     "tmp", "usr", "é", " ", "@x", "work", "B002", "\ud800", "*"]
)  # fmt: skip
starts = st.sampled_from(
    ["", "/", SHOP + "/", SLOT + "/", HOME + "/", posixpath.dirname(SLOT) + "/", "/tmp/", "~/", "./"]
)
paths = st.builds(lambda start, rest: start + "/".join(rest), starts, st.lists(parts, max_size=6))
signs = ["'", '"', "$(", ")", "`", "(", "\\", "\n", ";", "&&", "|", ">", "<<EOF\n", "EOF\n", "<(", "$x", "${", "$((", "#",
         "[[", "{", "}", "\0", " ", "&", "="]  # fmt: skip
programs = ["cat", "cd", "rm", "git", "push", "sed", "-i", "-c", "bash", "python", "env", "xargs", "find", "-exec", "cp",
            "tee", "checkout", "eval", "ln", "-s", "mv", "echo", "-m", "-"]  # fmt: skip
lines = st.lists(st.one_of(st.sampled_from(signs), st.sampled_from(programs), paths, st.just(" ")), max_size=25).map(
    "".join
)
scraps = st.one_of(st.text(max_size=40), paths, lines)
json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), scraps),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
names = st.sampled_from(
    ["filePath", "path", "pattern", "include", "command", "workdir", "prompt", "patchText", "content"]
)
patches = st.lists(
    st.builds(
        lambda kind, path: f"*** {kind}: {path}\n", st.sampled_from(["Add File", "Update File", "Move to"]), paths
    ),
    max_size=4,
).map("".join)
calls = st.one_of(
    st.dictionaries(names, json, max_size=4),
    st.fixed_dictionaries({}, optional={"command": lines, "workdir": paths, "filePath": paths, "path": paths}),
    st.fixed_dictionaries({"patchText": patches, "prompt": lines.map(lambda line: line.replace("=", "@"))}),
)


def real(path: str) -> str:
    """A disk without links, that minds what a disk minds."""
    if "\0" in path:
        raise ValueError("embedded null byte")
    path.encode("utf-8", "surrogateescape")  # UnicodeEncodeError for half a character
    return posixpath.normpath(path)


@given(rooms, st.sampled_from(TOOLS), calls)
@proofs.examples(600, 20_000)
def test_any_call_gets_a_ruling_and_a_ruling_stands(room: Room, tool: str, arguments: dict[str, Any]) -> None:
    first = rule(room, tool, arguments, real)
    if first.refusal:
        assert str(first.refusal).encode()
        assert first.refusal.next_step
        assert first.arguments is None
    elif first.arguments is not None:
        assert set(first.arguments) <= {*arguments, "path", "workdir"}
        again = rule(room, tool, first.arguments, real)
        assert again.refusal is None
        assert again.arguments is None


@given(rooms, st.sampled_from(sorted(PATHS_OF)), paths)
@proofs.examples(600, 20_000)
def test_what_is_moved_lands_in_the_slot(room: Room, tool: str, path: str) -> None:
    key = PATHS_OF[tool]
    ruling = rule(room, tool, {key: path}, real)
    if ruling.refusal:
        return
    used = (ruling.arguments or {}).get(key, path)
    full = clean(used if used.startswith("/") else f"{room.home}/{used}")
    assert not inside(full, SHOP)
    if tool in ("write", "edit"):
        assert inside(full, SLOT)
    if not path.startswith("/"):
        assert inside(full, SLOT)
    assert inside(full, SLOT) or not inside(full, HOME) or inside(full, f"{HOME}/.cache")


@given(rooms, st.sampled_from(sorted(PATHS_OF)), paths, st.data())
@proofs.examples(400, 20_000)
def test_spelling_never_decides(room: Room, tool: str, path: str, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from([at for at, sign in enumerate(path) if sign == "/"] or [-1]))
    twist = data.draw(st.sampled_from(["/./", "//", "/zz/../", "/./zz//../"]))
    other = path[:at] + twist + path[at + 1 :] if at >= 0 else path
    if at == -1:
        other = data.draw(st.sampled_from(["./", "zz/../"])) + path if path else "."
    other += data.draw(st.sampled_from(["", "/", "/."])) if other.strip("/") else ""
    key = PATHS_OF[tool]
    one, two = rule(room, tool, {key: path}, real), rule(room, tool, {key: other}, real)
    assert (one.refusal and one.refusal.code) == (two.refusal and two.refusal.code), (path, other)


@given(
    st.sampled_from(["cat", "cp a", "rm", "tee", "cd", "head -5", "echo x >"]),
    paths,
    st.sampled_from(["/./", "//", "/zz/../"]),
)
@proofs.examples(300, 20_000)
def test_spelling_never_decides_in_a_shell(program: str, path: str, twist: str) -> None:
    quoted = path.replace(" ", "_").replace("*", "_")
    room = ROOMS[0]
    one = rule(room, "bash", {"command": f"{program} {quoted}"}, real).refusal
    two = rule(room, "bash", {"command": f"{program} {quoted.replace('/', twist)}"}, real).refusal
    assert (one and one.code) == (two and two.code)


@given(st.one_of(lines, st.text(max_size=80)))
@proofs.examples(400, 20_000)
def test_a_line_is_read_to_its_end(text: str) -> None:
    for item in parse(text):
        assert item in ("(", ")") or item.words or item.redirects


@given(st.lists(st.text("abc ~'\"$\\\n;#>", min_size=1, max_size=6), min_size=1, max_size=5))
def test_quoted_words_are_read_as_the_shell_does(words: list[str]) -> None:
    line = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    found = [word.text for item in parse(line) if not isinstance(item, str) for word in item.words]
    assert [text.removeprefix("./") for text in found] == words
