"""The list of codes is closed: what is used is registered, what is registered is used."""

from __future__ import annotations

import ast
import re

from echelon.core.codes import CODES
from repo_sources import ROOT, modules

BRIDGE = ROOT / "src/echelon/hosts/opencode/plugin/echelon.js"
_SHAPE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
# Capitals that are not ours: environment variables, git's file names, constants of the operating system.
_FOREIGN = re.compile(
    r"(?:XDG|PIP|UV|LC|LD|SSL|RLIMIT|O|PYENV|NVM|RUSTUP|ASDF|VOLTA|JAVA|CURL|REQUESTS|NODE|HTTPS?|NO_PROXY|VIRTUAL_ENV"
    r"|PYTEST|BISECT|ECHELON|ORCHESTRATOR|OPENCODE_(?:CONFIG_(?:CONTENT|DIR)|MODELS_PATH|DISABLE|SERVER|PID|PERMISSION|EXPERIMENTAL))(?:_[A-Z_]*)?|CLAUDE_CODE|DEFAULT_PLUGINS|EXTERNAL_SKILLS|LSP_DOWNLOAD|MODELS_FETCH|SC_PAGE_SIZE|[A-Z_]+_HEAD"
    r"|GIT_(?:ALTERNATE_OBJECT_DIRECTORIES|ATTR_NOSYSTEM|AUTHOR_DATE|COMMITTER_DATE|CONFIG_[A-Z]+|DIR|INDEX_FILE"
    r"|LITERAL_PATHSPECS|NO_REPLACE_OBJECTS|OBJECT_DIRECTORY|OPTIONAL_LOCKS|TERMINAL_PROMPT|WORK_TREE)"
)
_SPEAKERS = {"refuse", "Refusal", "Problem", "Finding"} | {
    f"{kind}Error" for kind in ("Input", "World", "Conflict", "Locked", "Git", "Host", "Tamper", "Limit", "Stopped")
}


def _used() -> dict[str, str]:
    """code -> a place where it stands as a literal, or at the start of one (`BUG: ...`)."""
    found: dict[str, str] = {code: str(BRIDGE) for code in re.findall(r"\[([A-Z_]+)\]", BRIDGE.read_text("utf-8"))}
    for name, tree in modules().items():
        if name.startswith("core/codes/"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                word = node.value.partition(":")[0]
                if (_SHAPE.fullmatch(word) and not _FOREIGN.fullmatch(word)) or word in CODES:
                    found.setdefault(word, f"{name}:{node.lineno}")
    return found


def test_every_code_that_is_used_is_registered() -> None:
    assert {code: place for code, place in _used().items() if code not in CODES} == {}


def test_whoever_raises_or_refuses_names_a_registered_code() -> None:
    wrong = [
        f"{name}:{node.lineno} {node.args[0].value}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SPEAKERS
        if name.partition("/")[0] not in ("slots", "store") or node.func.id.endswith("Error")  # kinds of their own
        if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value not in CODES
    ]  # fmt: skip
    assert wrong == []


def test_every_registered_code_is_used() -> None:
    assert sorted(set(CODES) - set(_used())) == []


def test_a_meaning_is_a_sentence_and_a_next_step_is_said() -> None:
    for code, row in CODES.items():
        assert row.meaning.endswith("."), code
        assert row.next_step.strip(), code
