"""The configuration: defaults, the peer's keys, and every mistake with its place."""

from __future__ import annotations

import pytest

from echelon.core import config


def problems(text: str) -> list[tuple[str, str]]:
    """(code, the text the finding points at)."""
    return [(one.code, text[one.offset :].split("\n")[0][:20]) for one in config.parse(text, "file")[1]]


def test_nothing_is_the_defaults() -> None:
    for text in ("", "  \n", "// only a comment\n", "{}", "\ufeff{}"):
        found, findings = config.parse(text, "file")
        assert not findings
        assert {setting.key: found[setting.key] for setting in config.SETTINGS} == {
            one.key: one.default for one in config.SETTINGS
        }


def test_defaults_are_values_the_settings_allow() -> None:
    for setting in config.SETTINGS:
        assert setting.doc.endswith(".")
        if setting.choices:
            assert setting.default in setting.choices
        value = list(setting.default) if isinstance(setting.default, tuple) else setting.default
        assert list(setting.shape.problems(value)) == []


def test_comments_trailing_commas_groups_and_dotted_keys() -> None:
    text = """{
      // a comment with "quotes" and a , comma
      "language": "fr", /* and
      this */ "limits": {"attempts": 5,},
      "checks.network": true, "baseBranch": "a // b",
      "setup": [{"link": "node_modules",}, ],
    }"""
    found, findings = config.parse(text, "file")
    assert not findings
    assert (found.language, found.count("limits.attempts"), found["checks.network"]) == ("fr", 5, True)
    assert found["baseBranch"] == "a // b"
    assert found["setup"] == [{"link": "node_modules"}]


def test_the_file_of_open_codining_is_accepted() -> None:
    text = '{"orchestrator": {"webConsole": {"enabled": true, "port": 4096}, "steering": {"readGuard": false, "lineThreshold": 200}}}'
    found, findings = config.parse(text, "file")
    assert not findings
    assert (found["webConsole.port"], found["steering.readGuard"]) == (4096, False)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ('{"langage": "fr"}', "CONFIG_VALUE", '"langage"'), ('{\n  "language": "de"}', "CONFIG_VALUE", '"language"'),
        ('{"limits": {"attempts": 0}}', "CONFIG_VALUE", '"attempts"'), ('{"limits": {"attempts": true}}', "CONFIG_VALUE", '"attempts"'),
        ('{"limits": {"attempts": "3"}}', "CONFIG_VALUE", '"attempts"'), ('{"limits": 3}', "CONFIG_VALUE", '"limits"'),
        ('{"limits": {"checkMemoryBytes": 1e999}}', "CONFIG_VALUE", '"checkMemoryBytes"'), ('{"steering": {"readGuard": "false"}}', "CONFIG_VALUE", '"readGuard"'),
        ('{"setup": "npm ci"}', "CONFIG_VALUE", '"setup"'), ('{"baseBranch": "a\\nb"}', "CONFIG_VALUE", '"baseBranch"'),
        ("[]", "CONFIG_SYNTAX", "["), ('{"orchestrator": []}', "CONFIG_VALUE", '"orchestrator"'), ('{"a" 1}', "CONFIG_SYNTAX", "1}"),
        ("[" * 100_000, "CONFIG_SYNTAX", "["), ('{"limits": {"attempts": NaN}}', "CONFIG_SYNTAX", "NaN"), ('{"limits": {"attempts": ' + "9" * 5000 + "}}", "CONFIG_SYNTAX", "999"),
        ('\ufeff{"langage": 1}', "CONFIG_VALUE", '"langage"'), ('{"checks": {"enabled": 1}, "webConsole": {"enabled": true}}', "CONFIG_VALUE", '"enabled": 1}, "w'),
        ('{"checks": {"network": true}, "webConsole": {"enabled": 1}}', "CONFIG_VALUE", '"enabled"'), ('{"baseBranch": "\\"policy\\": 1", "policy": 1}', "CONFIG_VALUE", '"policy": 1}'),
        ('// "policy": 1\n{"policy": 1}', "CONFIG_VALUE", '"policy"'), ('{"language": "fr", "language": "en"}', "CONFIG_VALUE", '"language": "en"'),
        ('{"limits": {"attempts": 2}, "limits.attempts": 3}', "CONFIG_VALUE", '"limits.attempts"'), ('{"orchestrator": {"policy": "proved"}, "policy": "proved"}', "CONFIG_VALUE", '"policy": "proved"}'),
        ('{"limits": {}, "limits": {}}', "CONFIG_VALUE", '"limits": {}}'), ('{"checks": {"environment": {"A": "1", "A": "2"}}}', "CONFIG_VALUE", '"A": "2"'),
        ('{"setup": [{"link": "a"}, {"link": "../b"}]}', "CONFIG_VALUE", '"link": "../b"'), ('{"setup": [{"link": "a"}, {"lnk": "b"}]}', "CONFIG_VALUE", '{"lnk"'),
        ('{"checks": {"environment": {"PORT": 8080}}}', "CONFIG_VALUE", '"PORT"'), ('{"checks": {"environment": {"HOME": "/"}}}', "CONFIG_VALUE", '"HOME"'),
        ('{"opencode": {"models": {"worker": "a/b"}}}', "CONFIG_VALUE", '"worker"'), ('{"opencode": {"models": {"Worker": "gpt"}}}', "CONFIG_VALUE", '"Worker"'),
        ('{"limits": {"attempts": 2.5}}', "CONFIG_VALUE", '"attempts"'), ('{"$schema": 1}', "CONFIG_VALUE", '"$schema"'), ('{"orchestrator": {"$schema": "x"}}', "CONFIG_VALUE", '"$schema"'),
        ('{"policy": null}', "CONFIG_VALUE", '"policy"'), ('{"orchestrator": {"orchestrator": {}}}', "CONFIG_VALUE", '"orchestrator": {}'),
        ("{'policy': 1}", "CONFIG_SYNTAX", "'policy'"), ('{"policy": proved}', "CONFIG_SYNTAX", "proved"), ('{"policy": "proved" "host": 1}', "CONFIG_SYNTAX", '"host"'),
        ('{"setup": [,]}', "CONFIG_SYNTAX", ",]"), ('{"setup": [] /* ', "CONFIG_SYNTAX", "/*"), ('{"baseBranch": "a\udcff"}', "CONFIG_SYNTAX", '"a'), ("{} {}", "CONFIG_SYNTAX", "{}"),
        ('{"setup": ' + "[" * 70 + "]" * 70 + "}", "CONFIG_SYNTAX", "[" * 7 + "]"), ('{\u00a0"policy": 1}', "CONFIG_SYNTAX", "\u00a0"),
    ],
    ids=range(46),
)  # fmt: skip
def test_a_mistake_is_said_with_its_place(text: str, code: str, at: str) -> None:
    assert [(one, where[: len(at)]) for one, where in problems(text)] == [(code, at)]


def test_a_mistake_leaves_the_other_settings() -> None:
    found, findings = config.parse('{"language": "fr", "policy": "maybe", "langage": 1}', "file")
    assert len(findings) == 2
    assert 'did you mean "language"' in findings[1].message
    assert (found.language, found.policy) == ("fr", "proved")
