"""Laws of the settings: schema and parser agree, a text is read as json reads it, and an edit changes one value alone."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from echelon.checks.steps import steps_from_json
from echelon.core import config, config_schema, configuration, jsonc, setup_shapes
from echelon.core.config import GROUPS, PATHS, SETTINGS, Setting
from echelon.core.configuration import Edit
from echelon.core.decide import Refusal
from echelon.errors import InputError

VALIDATOR = Draft202012Validator(config_schema.schema())

# ------------------------------------------------------------------------------------------------ documents

# Of everything that has a meaning somewhere in a value, right and nearly right.
_PATHS = (
    "a",
    "a/b",
    ".venv",
    "",
    ".",
    "..",
    "a/../b",
    "/a",
    "a/",
    "a//b",
    ".git",
    ".GIT/x",
    "a\\b",
    "c:d",
    "a\nb",
    "a\n",
    "é",
    "\u202ea",
    "x" * 401,
)
_TEXTS = (
    *_PATHS,
    "\n",
    "HOME",
    "HOME\n",
    "TMP",
    "PORT",
    "a-b",
    "1A",
    "A\n",
    "Worker",
    "worker",
    "a/b",
    "a/b/c",
    "/b",
    " ",
    "npm ci",
    "npm ci\n",
    "\0",
    "x" * 4_097,
)
_NUMBERS = (0, 1, -1, 0.5, 3, 3.0, 2.5, 20, 21, 0.01, 150, 65_535, 65_536, 536_870_912, 2**53, 2**53 + 2, 10**30, 1e300)
_SCALARS = st.sampled_from((*_TEXTS, *_NUMBERS, True, False, None, "en", "proved", "auto", "off"))
_STEPS = st.dictionaries(
    st.sampled_from(("link", "copy", "run", "produces", "key", "x")),
    st.sampled_from(_TEXTS) | st.lists(st.sampled_from(_PATHS), max_size=3) | _SCALARS,
    max_size=4,
)
_VALUES = (
    _SCALARS
    | st.lists(_STEPS | _SCALARS, max_size=3)
    | st.dictionaries(st.sampled_from(_TEXTS), _SCALARS, max_size=3)
    | st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_TEXTS), inner, max_size=2), max_leaves=4)
)  # fmt: skip


def _right(setting: Setting) -> st.SearchStrategy[Any]:
    """A value that may well be right for this one."""
    if setting.key == "setup":
        path = st.sampled_from(_PATHS[:3])
        command = st.fixed_dictionaries(
            {"run": st.just("npm ci"), "produces": st.lists(path, min_size=1)}, optional={"key": st.lists(path)}
        )
        return st.lists(
            st.fixed_dictionaries({"link": path}) | st.fixed_dictionaries({"copy": path}) | command, max_size=3
        )
    if setting.key == "opencode.models":
        return st.dictionaries(st.sampled_from(setup_shapes.ROLES), st.just("a/b"))
    if setting.key == "checks.environment":
        return st.dictionaries(st.sampled_from(("PORT", "a_1")), st.sampled_from(_TEXTS))
    kinds = {"choice": setting.choices, "boolean": (True, False), "text": ("", "main", "a // b")}
    return st.sampled_from(kinds.get(setting.kind, (setting.least, setting.default)))  # fmt: skip


@st.composite
def _settings(draw: st.DrawFn, *, wrapped: bool = False) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for setting in draw(st.lists(st.sampled_from(SETTINGS), max_size=5, unique_by=lambda row: row.key)):
        value = draw(_VALUES if draw(st.integers(0, 3)) == 0 else _right(setting))
        group, _, leaf = setting.key.rpartition(".")
        if group and draw(st.booleans()) and isinstance(document.setdefault(group, {}), dict):
            document[group][leaf] = value
        else:
            document[setting.key] = value
    for odd in draw(
        st.lists(st.sampled_from((*GROUPS, "langage", "limits.x", "", "$schema", "orchestrator")), max_size=1)
    ):
        document[odd] = draw(_VALUES)
    if not wrapped and draw(st.integers(0, 3)) == 0:
        document["orchestrator"] = draw(_settings(wrapped=True))
    return document


@given(_settings() | _VALUES)
@example({"limits": {"attempts": 3.0}})
@example({"baseBranch": "a\n"})
@example({"limits": {"limits.attempts": 3}})
@example({"checks": {"environment": {"A\n": "x"}}})
@example({"setup": [{"run": "x", "produces": []}]})
@example({"orchestrator": {"$schema": "x"}})
def test_schema_and_parser_agree(document: Any) -> None:
    _, findings = config.parse(json.dumps(document), "file")
    parser = [one.message for one in findings]
    assume(not any("is said twice" in words for words in parser))  # what no JSON Schema can say
    assert (not parser) == VALIDATOR.is_valid(document), (
        parser,
        [error.message for error in VALIDATOR.iter_errors(document)],
    )


@given(st.lists(_STEPS, max_size=2) | _VALUES)
def test_set_up_steps_are_read_exactly_where_the_settings_allow_them(value: Any) -> None:
    try:
        steps_from_json(value)
        read = True
    except InputError:
        read = False
    assert read == (not list(setup_shapes.SETUP.problems(value)))


@given(_settings())
def test_what_is_read_is_what_was_said(document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1)
    found, findings = config.parse(text, "file")
    lines = text.split("\n")
    for key, origin in found.said_at.items():
        assert re.match(
            rf'"(?:{re.escape(key)}|{re.escape(key.rpartition(".")[2])})":', lines[origin.line - 1][origin.column - 1 :]
        )
    if not findings:
        inner = document.get("orchestrator", {})
        for key in found.values:
            group, _, leaf = key.rpartition(".")
            said = [one[key] for one in (document, inner) if key in one]
            said += [one[group][leaf] for one in (document, inner) if group in one and leaf in one[group]]
            assert said == [found.values[key]]


# ------------------------------------------------------------------------------------------------ texts

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=3),
)  # fmt: skip
_GAPS = st.sampled_from(
    ("", " ", "\n", "\r\n", "\t", '// c, } ] " *\n', '/* \n , } " // */', "/**/", " /* a */ // b\n  ")
)


@st.composite
def _written(draw: st.DrawFn, value: Any) -> str:
    """The value as a person might write it: comments, blanks, trailing commas anywhere."""
    gap, comma = draw(_GAPS), draw(st.sampled_from(("", ",")))
    if isinstance(value, dict):
        rows = [f"{json.dumps(key)}{draw(_GAPS)}:{draw(_written(row))}" for key, row in value.items()]
        return f"{gap}{{{','.join(rows)}{draw(_GAPS)}{comma if rows else ''}{draw(_GAPS)}}}{draw(_GAPS)}"
    if isinstance(value, list):
        rows = [draw(_written(row)) for row in value]
        return f"{gap}[{','.join(rows)}{draw(_GAPS)}{comma if rows else ''}{draw(_GAPS)}]{draw(_GAPS)}"
    return f"{gap}{json.dumps(value)}{draw(_GAPS)}"


@given(_JSON.flatmap(lambda value: st.tuples(st.just(value), _written(value))))
def test_a_text_is_read_as_json_reads_it_without_its_comments(case: tuple[Any, str]) -> None:
    value, text = case
    node = jsonc.read(text)
    assert node is not None
    assert json.dumps(node.value) == json.dumps(value)
    assert jsonc.read(text[node.start : node.end]) is not None


@given(_JSON.flatmap(_written), st.integers(0, 200), st.sampled_from(list('{}[],:"/*\n\\ 1tn')))
def test_what_json_refuses_is_refused_and_nothing_else_is_raised(text: str, at: int, sign: str) -> None:
    broken = text[:at] + sign + text[at + 1 :]
    try:
        node = jsonc.read(broken)
    except jsonc.BrokenTextError as error:
        assert 0 <= error.offset <= len(broken)
        return
    if "/" not in broken and not re.search(r",\s*[\]}]", broken) and node is not None:
        assert json.dumps(node.value) == json.dumps(json.loads(broken))


@given(
    st.dictionaries(st.sampled_from(["a", "b"]), _JSON, max_size=2).flatmap(
        lambda value: st.tuples(st.just(value), _written(value))
    ),
    st.sampled_from(["1", '{"x": [1]}']),
)
def test_a_member_is_added_and_every_other_byte_stays(case: tuple[dict[str, Any], str], new: str) -> None:
    value, text = case
    root = jsonc.read(text)
    assert root is not None
    after = jsonc.with_member(text, root, "new", new)
    again = jsonc.read(after)
    assert again is not None
    assert json.dumps(again.value) == json.dumps({**value, "new": json.loads(new)})
    rest = iter(after)
    assert all(sign in rest for sign in text)  # the old text is what is left when something is taken out


@given(_settings(), st.sampled_from(SETTINGS).flatmap(lambda row: st.tuples(st.just(row), _right(row))), st.data())
def test_a_setting_is_changed_and_all_others_stay(
    document: dict[str, Any], asked: tuple[Setting, Any], data: st.DataObject
) -> None:
    setting, value = asked
    text = data.draw(_written(document))
    before, findings = config.parse(text, "file")
    edit = configuration.change(text, "file", setting.key, json.dumps(value))
    if isinstance(edit, Refusal):
        assert findings, edit
        return
    after, _ = config.parse(edit.text, "file")
    assert json.dumps(after.values[setting.key]) == json.dumps(edit.value)
    others = {key: row for key, row in after.values.items() if key != setting.key}
    assert others == {key: row for key, row in before.values.items() if key != setting.key}
    again = configuration.change(edit.text, "file", setting.key, json.dumps(value))
    assert isinstance(again, Edit) and not again.changes and again.text == edit.text


@given(
    st.sampled_from(["{}", "", "// nothing\n", '{"policy": "proved"}', "{"]), st.text(max_size=12), st.text(max_size=12)
)
def test_any_word_for_any_key_is_an_edit_or_a_refusal(text: str, key: str, word: str) -> None:
    assume(key not in {row.key for row in SETTINGS})
    assert isinstance(configuration.change(text, PATHS[0], key, word), Refusal)
    for row in SETTINGS[:8]:
        answer = configuration.change(text, PATHS[0], row.key, word)
        assert isinstance(answer, Refusal) or config.parse(answer.text, "file")[0][row.key] == answer.value
