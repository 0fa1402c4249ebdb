"""The effective settings: which file counts, the environment before it, and a change that touches one value."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from echelon.core import config, configuration, setup_shapes
from echelon.core.config import PATHS
from echelon.core.configuration import Configured, Edit, configured, elsewhere
from echelon.core.decide import Refusal
from echelon.hosts.opencode.host import AGENTS

GUARD, CONSOLE, PORT = "ORCHESTRATOR_STEERING_GUARD", "ORCHESTRATOR_WEB_CONSOLE", "ORCHESTRATOR_WEB_PORT"


def effective(jsonc: str | None = None, json: str | None = None, env: Mapping[str, str] | None = None) -> Configured:
    return configured({PATHS[0]: jsonc, PATHS[1]: json}, env or {})


def said(found: Configured) -> list[tuple[str, str, int, int]]:
    return [(row.code, row.path, row.line, row.column) for row in found.findings]


def test_nothing_is_the_defaults_and_says_so() -> None:
    found = effective()
    assert (found.findings, found.config.source, dict(found.config.said_at)) == ((), "", {})


def test_the_roles_of_models_are_those_that_a_delivery_runs() -> None:
    assert set(setup_shapes.ROLES) == set(AGENTS.values())


# ------------------------------------------------------------------------------------------------ W-E6


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wrap", ["%s", '{"orchestrator": %s}', '{"$schema": "./s.json", "orchestrator": %s}'])
def test_W_E6_the_peers_keys_are_read_in_both_files_and_below_orchestrator(path: str, wrap: str) -> None:
    text = (
        wrap % '{"webConsole": {"enabled": true, "port": 4096}, "steering": {"readGuard": false, "lineThreshold": 200}}'
    )
    found = configured({path: text}, {})
    assert found.findings == ()
    values = {
        key: found.config[key]
        for key in ("webConsole.enabled", "webConsole.port", "steering.readGuard", "steering.lineThreshold")
    }
    assert list(values.values()) == [True, 4096, False, 200]
    assert {found.config.said_at[key].place for key in values} == {path}


def test_W_E6_a_file_that_is_not_read_is_told_and_so_is_a_setting_in_opencodes_own() -> None:
    found = effective('{"webConsole": {"enabled": true}}', '{"steering": {"readGuard": false}}')
    assert said(found) == [("CONFIG_SHADOWED", PATHS[1], 0, 0)]
    assert PATHS[0] in found.findings[0].message
    assert (found.config["webConsole.enabled"], found.config["steering.readGuard"], found.errors) == (True, True, ())
    text = '{\n  "model": "{env:MODEL}", // ours\n  "steering": {},\n  "orchestrator": {"webConsole": {"enabled": true}}\n}'
    assert [(row.code, row.path, row.line, row.column) for row in elsewhere("opencode.jsonc", text)] == [
        ("CONFIG_ELSEWHERE", "opencode.jsonc", 3, 3), ("CONFIG_ELSEWHERE", "opencode.jsonc", 4, 20)
    ]  # fmt: skip
    for text in ("", "{", "[]", '{"a": {env:X}}', '{"orchestrator": []}'):
        assert elsewhere("opencode.json", text) == ()


def test_W_E6_two_slashes_in_a_text_are_no_comment() -> None:
    found = effective(
        '{"baseBranch": "a // b", "opencode": {"path": "/* c */"}, "steering": {"readGuard": false}} // end'
    )
    assert (found.findings, found.config["baseBranch"], found.config["opencode.path"]) == ((), "a // b", "/* c */")
    assert found.config["steering.readGuard"] is False


@pytest.mark.parametrize("word", ["0", "false", "off", "no", "FALSE", " Off "])
def test_W_E6_every_word_for_off_switches_the_guard_off(word: str) -> None:
    found = effective('{"steering": {"readGuard": true}}', env={GUARD: word})
    assert (found.config["steering.readGuard"], str(found.config.said_at["steering.readGuard"])) == (False, f"${GUARD}")


@pytest.mark.parametrize("value", ['"false"', "0", "null", "[]"])
def test_W_E6_a_wrong_kind_is_an_error_with_its_place_never_ignored(value: str) -> None:
    found = effective(f'{{\n  "steering": {{\n    "readGuard": {value}}}}}')
    assert said(found) == [("CONFIG_VALUE", PATHS[0], 3, 5)]
    assert found.errors == (f'{PATHS[0]}:3:5: "steering.readGuard" must be true or false',)


# ------------------------------------------------------------------------------------------------ environment


def test_the_environment_goes_before_the_file_and_empty_says_nothing() -> None:
    text = '{"webConsole": {"enabled": true, "port": 1}, "steering": {"readGuard": false}}'
    found = effective(text, env={CONSOLE: "0", PORT: "4096", GUARD: ""})
    assert [found.config[key] for key in ("webConsole.enabled", "webConsole.port", "steering.readGuard")] == [
        False,
        4096,
        False,
    ]
    assert [str(found.config.said_at[key]) for key in ("webConsole.port", "steering.readGuard")] == [
        f"${PORT}",
        f"{PATHS[0]}:1:59",
    ]


@pytest.mark.parametrize(
    ("name", "word"),
    [(CONSOLE, "maybe"), (PORT, "65536"), (PORT, "x\x1b[31m"), (PORT, "1.5"), (GUARD, "{}"), (PORT, "9" * 5000)],
)
def test_a_variable_that_cannot_be_read_is_an_error_that_names_it(name: str, word: str) -> None:
    found = effective(env={name: word})
    assert said(found) == [("CONFIG_VALUE", f"${name}", 0, 0)]
    assert found.errors[0].startswith(f"{name} is ") and found.errors[0].isprintable() and len(found.errors[0]) < 200
    assert not found.config.values


def test_a_mistake_in_the_file_does_not_hide_one_in_the_environment() -> None:
    assert [row[0] for row in said(effective("{", env={PORT: "x"}))] == ["CONFIG_SYNTAX", "CONFIG_VALUE"]


# ------------------------------------------------------------------------------------------------ a change

MINE = """\ufeff// my settings
{
\t"language": "fr", // français
\t"limits": { "attempts": 2 /* few */ },
\t/* "policy": "attested", */
\t"setup": [
\t\t{"link": ".venv"}, // mine
\t],
}
"""


@pytest.mark.parametrize(
    ("key", "word", "old", "new"),
    [
        ("language", "en", '"fr"', '"en"'),
        ("language", '"en"', '"fr"', '"en"'),
        ("limits.attempts", "20", "2 /*", "20 /*"),
        ("limits.slots", "4", " /* few */ }", ' /* few */, "slots": 4 }'),
        ("policy", "attested", "\t],\n", '\t],\n\t"policy": "attested"\n'),
        ("checks.network", "yes", "\t],\n", '\t],\n\t"checks": {"network": true}\n'),
        ("setup", "[]", '[\n\t\t{"link": ".venv"}, // mine\n\t]', "[]"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_change_touches_its_value_alone(key: str, word: str, old: str, new: str, end: str) -> None:
    assert MINE.count(old) == 1
    edit = configuration.change(MINE.replace("\n", end), PATHS[0], key, word)
    assert isinstance(edit, Edit)
    assert edit.text == MINE.replace(old, new).replace("\n", end)
    origin = config.parse(edit.text, "f")[0].said_at[key]
    assert (edit.line, edit.column) == (origin.line, origin.column)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("", '{\n  "limits": {\n    "slots": 4\n  }\n}\n'),
        ("// later", '// later\n{\n  "limits": {\n    "slots": 4\n  }\n}\n'),
        ("{}", '{\n  "limits": {"slots": 4}\n}'),
        ("{\n  // nothing yet\n}\n", '{\n  // nothing yet\n  "limits": {"slots": 4}\n}\n'),
        ("{ /* a\n */ }", '{ /* a\n */ \n  "limits": {"slots": 4}\n}'),
        ('{"orchestrator": {"steering": {}}}', '{"orchestrator": {"steering": {}, "limits": {"slots": 4}}}'),
        (
            '{"policy": "proved", "orchestrator": {"limits": {}}}',
            '{"policy": "proved", "orchestrator": {"limits": {\n  "slots": 4\n}}}',
        ),
        ('{"limits.slots": 3}', '{"limits.slots": 4}'),
        (
            '{\n  "policy": "proved" // mine\n  , // odd\n}',
            '{\n  "policy": "proved" // mine\n  , // odd\n  "limits": {"slots": 4}\n}',
        ),
        ('{"policy": "proved"\n}', '{"policy": "proved",\n  "limits": {"slots": 4}\n}'),
        ('{"policy": "proved" /* a\n b */ }', '{"policy": "proved" /* a\n b */, "limits": {"slots": 4} }'),
    ],
)
def test_a_new_setting_goes_where_its_kin_are(text: str, new: str) -> None:
    edit = configuration.change(text, PATHS[0], "limits.slots", "4")
    assert isinstance(edit, Edit)
    assert (edit.text, edit.changes) == (new, True)


def test_a_change_that_says_what_is_said_already_changes_nothing() -> None:
    edit = configuration.change(MINE, PATHS[0], "language", "fr")
    assert isinstance(edit, Edit)
    assert (edit.changes, edit.text) == (False, MINE)


@pytest.mark.parametrize(
    ("text", "key", "word", "code", "words"),
    [
        ("{}", "limits.atempts", "3", "SETTING_UNKNOWN", 'did you mean "limits.attempts"?'),
        ("{}", "limits", "3", "SETTING_UNKNOWN", '"limits" is a group of settings, such as "limits.attempts"'),
        ("{}", "limits.attempts", "0", "SETTING_VALUE", "at least 1 and at most 20"),
        ("{}", "limits.attempts", "three", "SETTING_VALUE", "whole number"),
        ("{}", "policy", "lax", "SETTING_VALUE", "proved, attested"),
        ("{}", "setup", '[{"link": ".."}]', "SETTING_VALUE", '"setup[0].link"'),
        ("{}", "setup", "[", "SETTING_VALUE", "must be a list"),
        ("{}", "baseBranch", "a\nb", "SETTING_VALUE", "one line"),
        ("{\n  broken", "policy", "proved", "CONFIG_INVALID", f"{PATHS[0]}:2:3:"),
        ("[]", "policy", "proved", "CONFIG_INVALID", "one JSON object"),
        ('{"policy": "proved",\n"policy": "attested"}', "policy", "proved", "CONFIG_INVALID", "lines 1 and 2"),
        ('{"limits": 3}', "limits.slots", "3", "CONFIG_INVALID", '"limits"'),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_the_reason(
    text: str, key: str, word: str, code: str, words: str
) -> None:
    answer = configuration.change(text, PATHS[0], key, word)
    assert isinstance(answer, Refusal)
    assert (answer.code, words in answer.reasons[0]) == (code, True), answer


def test_a_wrong_value_is_mended_by_a_change_of_it() -> None:
    edit = configuration.change('{"language": "de", "polcy": 1}', PATHS[0], "language", "fr")
    assert isinstance(edit, Edit)
    assert (edit.text, edit.before) == ('{"language": "fr", "polcy": 1}', "de")
