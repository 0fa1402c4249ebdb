"""Two tables: honest changes that must pass without a finding, and ways to make an exam easier, each of its kind."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from echelon.core.weakening import find_weakenings
from echelon.core.weakening.model import FINDINGS

Files = dict[str, str | None]
T = "tests/test_a.py"
J = "src/a.test.ts"

LOGIN = """
    import pytest
    from app import login, User

    def test_login():
        user = login("a", "b")
        assert user.name == "a"
        assert user.active

    def test_wrong_password():
        with pytest.raises(ValueError):
            login("a", "x")

    @pytest.mark.parametrize("name", ["a", "b", "c"])
    def test_names(name):
        assert User(name).name == name

    class TestRoles:
        def test_admin(self):
            roles = login("root", "r").roles
            assert roles == ["admin"]
"""
JS = """
    import { login } from "./login";
    describe("login", () => {
      it("greets", () => {
        const user = login("a", "b");
        expect(user.name).toBe("a");
        expect(user.active).toBe(true);
      });
      it("refuses", () => {
        expect(() => login("a", "x")).toThrow("wrong");
      });
      test.each([["a"], ["b"]])("name %s", (name) => { expect(login(name, "b").name).toEqual(name); });
    });
"""


def swap(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, f"the table is wrong: {old!r} is not in the text"
        text = text.replace(old, new)
    return text


def py(*changes: tuple[str, str]) -> tuple[Files, Files]:
    return {T: LOGIN}, {T: swap(LOGIN, *changes)}


def js(*changes: tuple[str, str]) -> tuple[Files, Files]:
    return {J: JS}, {J: swap(JS, *changes)}


def one(path: str, old: str | None, new: str | None) -> tuple[Files, Files]:
    return {path: old}, {path: new}


ACTIVE = "        assert user.active\n"
WRONG = """    def test_wrong_password():
        with pytest.raises(ValueError):
            login("a", "x")
"""
ROLES = LOGIN[LOGIN.index("    class TestRoles") :]
PYTEST_INI = "[pytest]\naddopts = -ra --strict-markers\ntestpaths = tests docs\nfilterwarnings =\n    error\n"
PYPROJECT = '[project]\ndependencies = ["flask"]\n[dependency-groups]\ndev = ["pytest>=8", "hypothesis"]\n'
TOOL = '[tool.pytest.ini_options]\naddopts = ["-ra"]\ntestpaths = ["tests"]\n[tool.coverage.report]\nfail_under = 90\n'
PACKAGE = '{"scripts": {"test": "jest", "build": "tsc"}, "devDependencies": {"jest": "29", "left-pad": "1"}}'
CI = "name: ci\njobs:\n  test:\n    steps:\n      - uses: actions/checkout@v3\n      - run: make test\n      - run: ruff check .\n"
SNAP = "exports[`a 1`] = `<p>1</p>`;\n\nexports[`b 1`] = `<p>2</p>`;\n"
SPLIT = swap(
    LOGIN, (ACTIVE, '\n    def test_login_is_active():\n        user = login("a", "b")\n        assert user.active\n')
)
SUMS = """
    def test_add():
        assert add(1, 2) == 3
        assert add(2, 2) == 4
        assert add(-1, 1) == 0
"""
UNITTEST = """
    import unittest

    class Sums(unittest.TestCase):
        def test_add(self):
            self.assertEqual(add(1, 2), 3)
            self.assertTrue(add(1, 0))
"""

HONEST: dict[str, tuple[Files, Files]] = {
    "nothing changes": py(),
    "code changes, tests do not": one("src/app.py", "def login(): ...", "def login(): return 1\n"),
    "a new test": py((ROLES, ROLES + "\n    def test_new():\n        assert login('n', 'n') is None\n")),
    "a new test file": one(T, None, LOGIN),
    "one more assertion": py((ACTIVE, ACTIVE + "        assert user.id == 1\n")),
    "renamed test": py(("def test_login", "def test_login_gives_the_user")),
    "renamed test and variable, stronger": py(
        ("def test_login", "def test_user"), ("user", "found"), ("assert found.active", "assert found.active == 1")
    ),
    "moved to another file": ({T: LOGIN}, {T: None, "tests/unit/test_login.py": LOGIN}),
    "one test moved": (
        {T: LOGIN},
        {T: swap(LOGIN, (WRONG, "")), "tests/test_b.py": dedent("import pytest\n") + dedent(WRONG)},
    ),
    "moved into a class": py(
        (
            WRONG,
            "    class TestWrong:\n"
            + WRONG.replace("\n    ", "\n        ").replace("    def", "        def", 1).replace("():", "(self):"),
        )
    ),
    "one test split in two": ({T: LOGIN}, {T: SPLIT}),
    "two tests merged in one": ({T: SPLIT}, {T: LOGIN}),
    "assertions to parameters": (
        {T: SUMS},
        {
            T: """
    import pytest

    @pytest.mark.parametrize(("a", "b", "c"), [(1, 2, 3), (2, 2, 4), (-1, 1, 0)])
    def test_add(a, b, c):
        assert add(a, b) == c
"""
        },
    ),
    "assertions to a loop": (
        {T: SUMS},
        {T: "def test_add():\n    for a, b, c in [(1, 2, 3), (2, 2, 4), (-1, 1, 0)]:\n        assert add(a, b) == c\n"},
    ),
    "assertions to a helper": (
        {T: SUMS},
        {
            T: """
    def check(pairs):
        assert add(1, 2) == 3
        assert add(2, 2) == 4
        assert add(-1, 1) == 0

    def test_add():
        check(None)
"""
        },
    ),
    "unittest to pytest": (
        {T: UNITTEST},
        {T: "class TestSums:\n    def test_add(self):\n        assert add(1, 2) == 3\n        assert add(1, 0)\n"},
    ),
    "formatted": py(('login("a", "b")', "login(\n            'a',\n            'b',\n        )")),
    "comment and docstring": py((ACTIVE, '        # assert True or skip\n        "pytest.skip"\n' + ACTIVE)),
    "if-fail to assert": (
        {T: "def test_x():\n    if f() != 1:\n        pytest.fail('no')\n"},
        {T: "def test_x():\n    assert f() == 1\n"},
    ),
    "a skip removed": (
        {T: swap(LOGIN, ("    def test_login", "    @pytest.mark.skip\n    def test_login"))},
        {T: LOGIN},
    ),
    "a skipped test renamed": (
        {T: swap(LOGIN, ("    def test_login", "    @pytest.mark.skip\n    def test_login"))},
        {T: swap(LOGIN, ("    def test_login", "    @pytest.mark.skip\n    def test_sign_in"))},
    ),
    "a new test for some systems only": py(
        (
            ROLES,
            ROLES
            + '\n    @pytest.mark.skipif(sys.platform == "win32", reason="posix")\n    def test_p():\n        assert f() == 1\n',
        )
    ),
    "SystemExit is what is tested": py(
        (ACTIVE, ACTIVE + "        with pytest.raises(SystemExit):\n            sys.exit(2)\n")
    ),
    "determinism": py((ACTIVE, ACTIVE + "        assert login('a', 'b') == login('a', 'b')\n")),
    "cleanup in a test": py(
        (ACTIVE, ACTIVE + "        try:\n            login('q', 'q')\n        except Exception:\n            pass\n")
    ),
    "main guard": py((ROLES, ROLES + '\n    if __name__ == "__main__":\n        sys.exit(pytest.main())\n')),
    "new marker": one("pytest.ini", PYTEST_INI, PYTEST_INI + "markers =\n    slow: long\n"),
    "pytest set up": one("pyproject.toml", PYPROJECT, PYPROJECT + TOOL),
    "more reports": one(
        "pyproject.toml", PYPROJECT + TOOL, PYPROJECT + TOOL.replace('["-ra"]', '["-ra", "--strict-config", "-n", "2"]')
    ),
    "a dependency dropped": one("package.json", PACKAGE, PACKAGE.replace(', "left-pad": "1"', "")),
    "test script with a report": one(
        "package.json", PACKAGE, PACKAGE.replace('"jest", "build"', '"jest --coverage", "build"')
    ),
    "first test script": one(
        "package.json", '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}', PACKAGE
    ),
    "conftest fixture": one("tests/conftest.py", None, "import pytest\n\n@pytest.fixture\ndef db():\n    yield 1\n"),
    "conftest markers": one(
        "tests/conftest.py", None, "def pytest_configure(config):\n    config.addinivalue_line('markers', 'x')\n"
    ),
    "ci: newer action, one more step": one(
        ".github/workflows/ci.yml",
        CI,
        CI.replace("@v3", "@v4").replace("name: ci", "name: CI") + "      - run: make docs\n",
    ),
    "lock file updated": one("uv.lock", 'name = "a"\nhash = "sha256:1"\n', 'name = "b"\nhash = "sha256:2"\n'),
    "new snapshot": one("src/__snapshots__/a.snap", SNAP, SNAP + "\nexports[`c 1`] = `3`;\n"),
    "js: new test": js(("describe(", 'it("x", () => { expect(f()).toBe(1); });\n    describe(')),
    "js: renamed": js(('"greets"', '"greets the user"')),
    "js: formatted": js(('"a"', "'a'"), ("expect(user.name)", "expect(\n          user.name\n        )")),
    "js: words in strings and comments": js(
        (
            "const user",
            "// it.only(, expect(true).toBe(true), it.skip(\n        const s = `it.skip(${'x'}) xit(\"`;\n        const user",
        )
    ),
    "js: moved": ({J: JS}, {J: None, "src/login.spec.ts": JS}),
    "js: regular expression": js(("const user", "const re = /it.only('\\/[/]/g; const q = 4 / 2;\n        const user")),
    "jest reporter": one(
        "jest.config.js",
        "module.exports = {\n  preset: 'x',\n};\n",
        "module.exports = {\n  preset: 'x',\n  reporters: ['y'],\n};\n",
    ),
}

# What real histories of Python and TypeScript projects are full of: each of these once looked like a weakening to somebody.
SUMS_CLASS = swap(
    UNITTEST, ("self.assertTrue(add(1, 0))", "self.assertTrue(add(1, 0))\n            self.assertIn(1, adds())")
)
MOCKED = """
    from unittest import mock

    def test_mail():
        with mock.patch("app.send") as send:
            order("book")
        send.assert_called_once_with("book")
        assert stock("book") == 0
"""
SORTS = """
    def test_sort_numbers():
        assert sort([2, 1]) == [1, 2]

    def test_sort_words():
        assert sort(["b", "a"]) == ["a", "b"]
"""
CONFTEST = "import pytest\n\n@pytest.fixture\ndef db():\n    yield connect()\n"
JEST = "module.exports = {\n  preset: 'ts-jest',\n  testTimeout: 100\n};\n"
REFACTORED: dict[str, tuple[Files, Files]] = {
    "two tests become one with parameters": (
        {T: SORTS},
        {
            T: """
    import pytest

    @pytest.mark.parametrize(("given", "wanted"), [([2, 1], [1, 2]), (["b", "a"], ["a", "b"])])
    def test_sort(given, wanted):
        assert sort(given) == wanted
"""
        },
    ),
    "test class moved to another changed file": (
        {T: LOGIN, "tests/test_b.py": dedent(SORTS)},
        {T: swap(LOGIN, (ROLES, "")), "tests/test_b.py": dedent(SORTS) + dedent(ROLES)},
    ),
    "tests renamed and reordered": (
        {T: LOGIN},
        {T: swap(LOGIN, (WRONG, ""), (ROLES, WRONG.replace("wrong_password", "refuses") + ROLES.replace("admin(", "root(")))},
    ),
    "unittest's assertions to plain ones": (
        {T: SUMS_CLASS},
        {
            T: """
    import unittest

    class Sums(unittest.TestCase):
        def test_add(self):
            assert add(1, 2) == 3
            assert add(1, 0)
            assert 1 in adds()
"""
        },
    ),
    "unittest's raises to pytest's": (
        {T: "class TestA(unittest.TestCase):\n    def test_a(self):\n        with self.assertRaisesRegex(ValueError, 'no'):\n            f()\n"},
        {T: "def test_a():\n    with pytest.raises(ValueError, match='no'):\n        f()\n"},
    ),
    "fixture extracted": py(
        ("    def test_login():\n        user = login(\"a\", \"b\")\n", '    @pytest.fixture\n    def user():\n        return login("a", "b")\n\n    def test_login(user):\n'),
    ),
    "fixture moved to conftest": (
        {T: LOGIN, "tests/conftest.py": CONFTEST},
        {
            T: swap(LOGIN, ("    def test_login():\n        user = login(\"a\", \"b\")\n", "    def test_login(user):\n")),
            "tests/conftest.py": CONFTEST + "\n@pytest.fixture\ndef user():\n    return login('a', 'b')\n",
        },
    ),
    "set-up moved to a context manager": py(
        ("        user = login(\"a\", \"b\")\n", "        with session() as s:\n            user = s.login(\"a\", \"b\")\n")
    ),
    "mock replaced by a fake": (
        {T: MOCKED},
        {
            T: """
    def test_mail(post):
        order("book")
        assert post.sent == ["book"]
        assert stock("book") == 0
"""
        },
    ),
    "mock replaced by monkeypatch": (
        {T: MOCKED},
        {
            T: """
    def test_mail(monkeypatch):
        sent = []
        monkeypatch.setattr("app.send", sent.append)
        order("book")
        assert sent == ["book"]
        assert stock("book") == 0
"""
        },
    ),
    "one test of three assertions to three tests": (
        {T: SUMS},
        {
            T: """
    def test_add_small():
        assert add(1, 2) == 3

    def test_add_same():
        assert add(2, 2) == 4

    def test_add_negative():
        assert add(-1, 1) == 0
"""
        },
    ),
    "steps in subtests": (
        {T: SUMS},
        {T: "def test_add(subtests):\n    for a, b, c in [(1, 2, 3), (2, 2, 4), (-1, 1, 0)]:\n        with subtests.test(a=a):\n            assert add(a, b) == c\n"},
    ),
    "test made asynchronous": py(("    def test_login", "    async def test_login"), ('user = login("a", "b")', 'user = await login("a", "b")')),
    "pytest options bumped": one("pytest.ini", PYTEST_INI, PYTEST_INI.replace("-ra --strict-markers", "-ra -q --strict-markers --durations=5")),
    "markers in pytest.ini": one("pytest.ini", PYTEST_INI, PYTEST_INI + "markers =\n    slow: takes long\n    net: opens the network\n"),
    "pytest.ini becomes pyproject.toml": (
        {"pytest.ini": "[pytest]\naddopts = -ra --strict-markers\ntestpaths = tests\nfilterwarnings = error\n", "pyproject.toml": PYPROJECT},
        {"pytest.ini": None, "pyproject.toml": PYPROJECT + '[tool.pytest.ini_options]\naddopts = ["-ra", "--strict-markers"]\ntestpaths = ["tests"]\nfilterwarnings = ["error"]\n'},
    ),
    "a target added to the Makefile": one("Makefile", ".PHONY: test\ntest:\n\tpytest\n", ".PHONY: test docs\ntest:\n\tpytest\ndocs:\n\tmake html\n"),
    "ci: another action, a matrix": one(
        ".github/workflows/ci.yml", CI, CI.replace("  test:\n", "  test:\n    strategy:\n      matrix:\n        python: ['3.11', '3.12']\n")
    ),
    "js: assertions to a helper of the same count": js(
        ("describe(", "function sameUser(user, name) {\n      expect(user.name).toBe(name);\n      expect(user.active).toBe(true);\n    }\n    describe("),
        ('        expect(user.name).toBe("a");\n        expect(user.active).toBe(true);\n', '        sameUser(user, "a");\n'),
    ),
    "js: one assertion to a helper": js(
        ("describe(", "const same = <T>(a: T, b: T): void => { expect(a).toBe(b); };\n    describe("), ('expect(user.name).toBe("a")', 'same(user.name, "a")')
    ),
    "js: two tests become one table": js(
        ('      it("refuses"', '      it("allows", () => { expect(may("r")).toBe(true); });\n      it("refuses"')
    ),
    "js: beforeEach extracted": js(
        ('      it("greets", () => {\n        const user = login("a", "b");\n', '      let user;\n      beforeEach(() => { user = login("a", "b"); });\n      it("greets", () => {\n')
    ),
    "js: it to test, asynchronous": js(('it("greets", () => {', 'test("greets", async () => {'), ("= login(", "= await login(")),
    "js: describe wrapped": js(('describe("login"', 'describe("app", () => describe("login"'), ("    });\n", "    }));\n")),
    "js: toEqual to toStrictEqual": js(("toEqual(name)", "toStrictEqual(name)")),
    "js: mock replaced": (
        {J: 'it("mails", () => { const send = jest.fn(); order(send); expect(send).toHaveBeenCalledWith("book"); });'},
        {J: 'it("mails", () => { const sent = []; order((x) => sent.push(x)); expect(sent).toEqual(["book"]); });'},
    ),
}  # fmt: skip
REFACTORED["js: two tests become one table"] = (
    {J: 'it("a", () => { expect(f(1)).toBe(2); });\nit("b", () => { expect(f(2)).toBe(3); });\n'},
    {J: 'it.each([[1, 2], [2, 3]])("f of %i", (x, y) => { expect(f(x)).toBe(y); });\n'},
)

# The same text, written by another formatter.
FORMATTED: dict[str, tuple[Files, Files]] = {
    "python": py(('login("a", "b")\n        assert user.name == "a"', "login(\n            'a', 'b',\n        )\n        assert (\n            user.name == 'a'\n        )")),
    "python: line endings": one(T, dedent(LOGIN), dedent(LOGIN).replace("\n", "\r\n")),
    "js": js(('"', "'"), (";", ""), ("toBe(true)", "toBe(\n          true,\n        )"), ("(name) =>", "name =>")),
    "jest configuration": one("jest.config.js", JEST, JEST.replace("'", '"').replace("100", "100,").replace("  ", "    ")),
    "jest configuration on one line": one("jest.config.js", JEST, JEST.replace("\n", " ")),
    "package.json": one("package.json", PACKAGE, PACKAGE.replace("{", "{\n    ").replace(", ", ",\n    ")),
    "pyproject.toml": one("pyproject.toml", PYPROJECT + TOOL, PYPROJECT + TOOL.replace('["tests"]', "[\n  'tests',\n]").replace('"-ra"', "'-ra'")),
    "pytest.ini": one("pytest.ini", PYTEST_INI, PYTEST_INI.replace("tests docs", "\n    tests\n    docs").replace(" = ", "=")),
    "workflow": one(".github/workflows/ci.yml", CI, CI.replace("    steps", "        steps").replace("make test", '"make test"') + "\n\n"),
    "Makefile": one("Makefile", "test:\n\tpytest -q\n", "test:\n\n\tpytest  -q  \n"),
}  # fmt: skip

SKIP = ("    def test_login", "    @pytest.mark.skip\n    def test_login")
SAME_USER: Files = {
    J: 'function same(user, name) { expect(user.name).toBe(name); }\nit("a", () => { same(login("a"), "a"); });\n'
}
CHEATS: dict[str, tuple[str, tuple[Files, Files]]] = {
    # fewer tests
    "test removed": ("fewer_tests", py((WRONG, ""))),
    "test commented out": ("fewer_tests", py((WRONG, WRONG.replace("    ", "    # ", 1).replace("\n    ", "\n    # ")))),
    "test replaced by an empty one": ("fewer_tests", py((WRONG, "    def test_more():\n        assert 1 + 1 == 2\n"))),
    "method no longer a test": ("fewer_tests", py(("def test_admin", "def check_admin"))),
    "class no longer collected": ("fewer_tests", py(("class TestRoles", "class Roles"))),
    "class with a constructor": ("fewer_tests", py(("class TestRoles:", "class TestRoles:\n        def __init__(self): ...\n"))),
    "parameters dropped": ("fewer_tests", py(('["a", "b", "c"]', '["a"]'))),
    "parameters emptied by a constant": ("fewer_tests", py(("import pytest", "import pytest\n    CASES = []"), ('["a", "b", "c"]', "CASES"))),
    "test becomes a fixture": ("fewer_tests", py(("    def test_login", "    @pytest.fixture\n    def test_login"))),
    "test overwritten": ("fewer_tests", py((ROLES, ROLES + "\n    test_login = None\n"))),
    "tests under if False": ("fewer_tests", py((WRONG, "    if False:\n" + WRONG.replace("    ", "        ", 1).replace("\n    ", "\n        ")))),
    "tests within a text": ("fewer_tests", py((WRONG, '    def test_new():\n        x = """\n' + WRONG + '    def test_more():\n        pass\n    """\n'))),
    "file that cannot be parsed": ("fewer_tests", py(("def test_login()", "def test_login("))),
    "file deleted": ("test_deleted", one(T, LOGIN, None)),
    # Nobody but a person knows that a feature is not wanted any more.
    "file deleted with the code it tests": ("test_deleted", ({T: LOGIN, "src/app.py": "def login(): ..."}, {T: None, "src/app.py": None})),
    "test deleted with the code it tests": ("fewer_tests", ({T: LOGIN, "src/app.py": "def roles(): ..."}, {T: swap(LOGIN, (ROLES, "")), "src/app.py": None})),
    "file renamed out of collection": ("test_renamed", ({T: LOGIN}, {T: None, "tests/login_cases.py": LOGIN})),
    "file renamed to another ending": ("test_deleted", ({T: LOGIN}, {T: None, "tests/test_a.py.off": LOGIN})),
    # fewer assertions
    "assertion removed": ("fewer_assertions", py((ACTIVE, ""))),
    "assertion weakened to truth": ("fewer_assertions", py(('assert user.name == "a"', "assert user.name"))),
    "assertion weakened to in": ("fewer_assertions", py(('assert roles == ["admin"]', 'assert "admin" in roles'))),
    "raises broadened": ("fewer_assertions", py(("raises(ValueError)", "raises(Exception)"))),
    "assertion under a condition": ("fewer_assertions", py((ACTIVE, "        if user.id:\n            assert user.active\n"))),
    "assertion in an empty loop": ("fewer_assertions", py((ACTIVE, "        for _ in []:\n            assert user.active\n"))),
    "assertion in a function nobody calls": ("fewer_assertions", py((ACTIVE, "        def later():\n            assert user.active\n"))),
    "helper emptied": (
        "fewer_assertions",
        ({T: "def check(x):\n    assert x == 1\n\ndef test_a():\n    check(f())\n"}, {T: "def check(x):\n    pass\n\ndef test_a():\n    check(f())\n"}),
    ),
    "shadowed by a second definition": ("tautology", py((ROLES, ROLES + "\n    def test_login():\n        assert True\n"))),
    "unittest weakened": ("fewer_assertions", one(T, UNITTEST, UNITTEST.replace("assertEqual(add(1, 2), 3)", "assertIsNotNone(add(1, 2))"))),
    "helper in another file emptied": (
        "fewer_assertions",
        ({T: "def test_a():\n    check(f())\n", "tests/help.py": "def check(x):\n    assert x == 1\n"}, {T: "def test_a():\n\n    check(f())\n", "tests/help.py": "def check(x):\n    x\n"}),
    ),
    "helper emptied, the test is the same": (
        "fewer_assertions",
        ({T: "def test_a():\n    check(f())\n\ndef check(x):\n    assert x == 1\n"}, {T: "def test_a():\n    check(f())\n\ndef check(x):\n    x\n"}),
    ),
    # skips
    "skip": ("new_skip", py(SKIP)),
    "skipif": ("new_skip", py(("    def test_login", "    @pytest.mark.skipif(True, reason='')\n    def test_login"))),
    "xfail": ("new_skip", py(("    def test_login", "    @pytest.mark.xfail\n    def test_login"))),
    "skip in the body": ("new_skip", py((ACTIVE, "        pytest.skip('later')\n" + ACTIVE))),
    "importorskip": ("new_skip", py(("from app", "pytest.importorskip('nope')\n    from app"))),
    "module mark": ("new_skip", py(("from app", "pytestmark = pytest.mark.skip\n    from app"))),
    "mark on a parameter": ("new_skip", py(('"a", "b", "c"]', '"a", "b", pytest.param("c", marks=pytest.mark.xfail)]'))),
    "unittest skip": ("new_skip", one(T, UNITTEST, UNITTEST.replace("def test_add", "@unittest.skip('x')\n        def test_add"))),
    "new test is born skipped": ("new_skip", py((ROLES, ROLES + "\n    @pytest.mark.skip\n    def test_new():\n        assert f() == 1\n"))),
    "__test__ is False": ("new_skip", py(("class TestRoles:", "class TestRoles:\n        __test__ = False\n"))),
    "only under an environment variable": (
        "new_skip", py((WRONG, "    if os.environ.get('ALL'):\n" + WRONG.replace("    ", "        ", 1).replace("\n    ", "\n        ")))
    ),
    # tautologies
    "assert True": ("tautology", py(('assert user.name == "a"', "assert True"))),
    "assert 1 == 1": ("tautology", py((ACTIVE, "        assert 1 == 1\n"))),
    "assert x == x": ("tautology", py(('user.name == "a"', "user.name == user.name"))),
    "or True": ("tautology", py(("assert user.active", "assert user.active or True"))),
    "tuple": ("tautology", py(("assert user.active", 'assert (user.active, "is active")'))),
    "len is not negative": ("tautology", py(('roles == ["admin"]', "len(roles) >= 0"))),
    "assertTrue(True)": ("tautology", one(T, UNITTEST, UNITTEST.replace("assertTrue(add(1, 0))", "assertTrue(True)"))),
    # swallowed
    "try, except, pass": ("swallowed", py((ACTIVE, "        try:\n            assert user.active\n        except AssertionError:\n            pass\n"))),
    "suppress": ("swallowed", py((ACTIVE, "        with contextlib.suppress(Exception):\n            assert user.active\n"))),
    "early return": ("swallowed", py((ACTIVE, "        return\n" + ACTIVE))),
    "early return if": ("swallowed", py((ACTIVE, "        if not user:\n            return\n" + ACTIVE))),
    "os._exit in a test": ("swallowed", py((ACTIVE, "        os._exit(0)\n" + ACTIVE))),
    "sys.exit in conftest": ("swallowed", one("conftest.py", None, "import sys\nsys.exit(0)\n")),
    "pytest.exit": ("swallowed", py((ACTIVE, "        pytest.exit('done', returncode=0)\n" + ACTIVE))),
    "generator": ("swallowed", py((ACTIVE, ACTIVE + "        yield\n"))),
    # the runner
    "conftest hook": ("runner_config", one("conftest.py", "", "def pytest_collection_modifyitems(items):\n    items.clear()\n")),
    "conftest report hook": ("runner_config", one("conftest.py", None, "def pytest_runtest_makereport(item, call): ...\n")),
    "collect_ignore": ("runner_config", one("conftest.py", None, "collect_ignore = ['test_a.py']\n")),
    "pytest.ini -k": ("runner_config", one("pytest.ini", PYTEST_INI, PYTEST_INI.replace("-ra", "-ra -k login"))),
    "pytest.ini --deselect": ("runner_config", one("pytest.ini", PYTEST_INI, PYTEST_INI.replace("-ra", "-ra --deselect=a"))),
    "pytest.ini strict gone": ("runner_config", one("pytest.ini", PYTEST_INI, PYTEST_INI.replace("--strict-markers", ""))),
    "pytest.ini fewer paths": ("runner_config", one("pytest.ini", PYTEST_INI, PYTEST_INI.replace("tests docs", "tests"))),
    "pytest.ini warnings": ("runner_config", one("pytest.ini", PYTEST_INI, PYTEST_INI.replace("    error", "    ignore"))),
    "pytest.ini collects other files": ("runner_config", one("pytest.ini", PYTEST_INI, PYTEST_INI + "python_files = check_*.py\n")),
    "pytest.ini becomes something softer": (
        "runner_config", ({"pytest.ini": PYTEST_INI}, {"pytest.ini": None, "pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["-ra"]\n'})
    ),
    "pyproject ignore": ("runner_config", one("pyproject.toml", TOOL, TOOL.replace('"-ra"', '"-ra", "--ignore=tests/test_a.py"'))),
    "coverage lowered": ("runner_config", one("pyproject.toml", TOOL, TOOL.replace("90", "10"))),
    "setup.cfg plugin": ("runner_config", one("setup.cfg", "", "[tool:pytest]\naddopts = -p cheat\n")),
    "tox command": ("runner_config", one("tox.ini", "[testenv]\ncommands = pytest\n", "[testenv]\ncommands = pytest || true\n")),
    "Makefile": ("runner_config", one("Makefile", "test:\n\tpytest -q\n", "test:\n\t@true\n")),
    "test script replaced": ("runner_config", one("package.json", PACKAGE, PACKAGE.replace('"jest", "build"', '"true", "build"'))),
    "test script softened": ("runner_config", one("package.json", PACKAGE, PACKAGE.replace('"jest", "build"', '"jest || true", "build"'))),
    "jest ignores": ("runner_config", one("jest.config.js", "module.exports = {};\n", "module.exports = {\n testPathIgnorePatterns: ['a'],\n};\n")),
    "sitecustomize": ("runner_config", one("sitecustomize.py", None, "import sys\n")),
    "a module named pytest": ("runner_config", one("pytest.py", None, "")),
    "tracked node_modules": ("runner_config", one("node_modules/.bin/jest", None, "#!/bin/true\n")),
    # CI, locks, snapshots
    "ci step removed": ("ci_config", one(".github/workflows/ci.yml", CI, CI.replace("      - run: make test\n", ""))),
    "ci may fail": ("ci_config", one(".github/workflows/ci.yml", CI, CI + "        continue-on-error: true\n")),
    "ci deleted": ("ci_config", one(".gitlab-ci.yml", "test:\n  script: make test\n", None)),
    "test tool dropped": ("lock_file", one("pyproject.toml", PYPROJECT, PYPROJECT.replace(', "hypothesis"', ""))),
    "lock file deleted": ("lock_file", one("package-lock.json", "{}", None)),
    "hashes dropped": ("lock_file", one("uv.lock", 'hash = "sha256:1"', 'name = "a"')),
    "snapshot rewritten": ("snapshot", one("src/__snapshots__/a.snap", SNAP, SNAP.replace("<p>2", "<p>3"))),
    "golden file rewritten": ("snapshot", one("tests/golden/out.txt", "1\n2\n", "1\n3\n")),
    # JavaScript
    "js: it.only": ("focused", js(('it("greets"', 'it.only("greets"'))),
    "js: fdescribe": ("focused", js(("describe(", "fdescribe("))),
    "js: it.skip": ("new_skip", js(('it("greets"', 'it.skip("greets"'))),
    "js: xit": ("new_skip", js(('it("greets"', 'xit("greets"'))),
    "js: describe.skip": ("new_skip", js(("describe(", "describe.skip("))),
    "js: todo": ("new_skip", js(('it("refuses", () => {', 'it.todo("refuses"); (() => {'))),
    "js: test removed": ("fewer_tests", js(('      it("refuses", () => {\n        expect(() => login("a", "x")).toThrow("wrong");\n      });\n', ""))),
    "js: cases removed": ("fewer_tests", js(('[["a"], ["b"]]', '[["a"]]'))),
    "js: file deleted": ("test_deleted", one(J, JS, None)),
    "js: assertion removed": ("fewer_assertions", js(("        expect(user.active).toBe(true);\n", ""))),
    "js: assertion commented out": ("fewer_assertions", js(("expect(user.active)", "// expect(user.active)"))),
    "js: no matcher": ("fewer_assertions", js(('expect(user.name).toBe("a")', "expect(user.name)"))),
    "js: weakened": ("fewer_assertions", js(('toBe("a")', "toBeDefined()"))),
    "js: helper emptied": ("fewer_assertions", (SAME_USER, {J: swap(str(SAME_USER[J]), ("expect(user.name).toBe(name);", ""))})),
    "js: helper returns first": ("swallowed", (SAME_USER, {J: swap(str(SAME_USER[J]), ("{ expect", "{ return; expect"))})),
    "ci: echo swallows the command": ("ci_config", one(".gitlab-ci.yml", "test:\n  - echo 'a' && pytest\n", "test:\n  - echo 'a && pytest'\n")),
    "js: expect(true)": ("tautology", js(("expect(user.active).toBe(true)", "expect(true).toBe(true)"))),
    "js: x is x": ("tautology", js(('expect(user.name).toBe("a")', "expect(user.name).toBe(user.name)"))),
    "js: || true": ("tautology", js(("expect(user.active)", "expect(user.active || true)"))),
    "js: swallowed": ("swallowed", js(("expect(user.active).toBe(true);", "try { expect(user.active).toBe(true); } catch (e) {}"))),
    "js: early return": ("swallowed", js(("expect(user.name)", "return;\n        expect(user.name)"))),
    "js: if (false)": ("swallowed", js(("expect(user.active).toBe(true);", "if (false) { expect(user.active).toBe(true); }"))),
}  # fmt: skip


def run(files: tuple[Files, Files]) -> list[tuple[str, str]]:
    sides = [{path: dedent(text) if text else text for path, text in side.items()} for side in files]
    return [(finding.kind, f"{finding.path}:{finding.line} {finding.detail}") for finding in find_weakenings(*sides)]


@pytest.mark.parametrize("name", HONEST)
def test_honest_change_has_no_finding(name: str) -> None:
    assert run(HONEST[name]) == []


@pytest.mark.parametrize("name", REFACTORED)
def test_refactoring_has_no_finding(name: str) -> None:
    assert run(REFACTORED[name]) == []


@pytest.mark.parametrize("name", FORMATTED)
def test_formatting_has_no_finding(name: str) -> None:
    before, after = FORMATTED[name]
    assert before != after and run((before, after)) == run((after, before)) == []


@pytest.mark.parametrize("name", CHEATS)
def test_cheat_is_found_with_its_kind(name: str) -> None:
    kind, files = CHEATS[name]
    found = run(files)
    assert kind in {seen for seen, _ in found}, found


def test_the_tables_are_long_enough_to_mean_something() -> None:
    assert len(HONEST) >= 15 and len(CHEATS) >= 40


def test_a_finding_points_at_its_line() -> None:
    finding = next(iter(find_weakenings({T: dedent(LOGIN)}, {T: dedent(swap(LOGIN, SKIP))})))
    assert (finding.path, finding.line, finding.detail) == (T, 5, "test_login: skip")


def test_findings_are_bounded_and_sorted() -> None:
    text = "".join(f"def test_{n}():\n    assert f({n}) == {n}\n" for n in range(2 * FINDINGS))
    found = find_weakenings({T: text}, {T: text.replace("assert", "assert True or")})
    assert len(found) == FINDINGS and list(found) == sorted(found)


def test_a_long_file_is_followed_test_by_test() -> None:
    """Six hundred tests, of which every two become one of two cases: nothing is lost; then one of them is."""
    body = "    user = login({0})\n    assert user.name == {0}\n    assert user.active\n\n"
    count = 600
    old = "".join(f"def test_{n}():\n{body.format(n)}" for n in range(count))
    pairs = [f"@pytest.mark.parametrize('x', [1, 2])\ndef test_{n}(x):\n{body.format(n)}" for n in range(count // 2)]
    assert find_weakenings({T: old}, {T: "".join(pairs)}) == ()
    found = find_weakenings({T: old}, {T: "".join(pairs[1:])})
    assert [finding.kind for finding in found] == ["fewer_tests"]


FRAGMENTS = st.sampled_from(
    ["it(", "it.only(", "'a'", '"', "`", "${", "}", "{", ")", "(", "/", "/*", "*/", "//", "\n", "expect(", ".toBe(", "try{", "catch", "def test_a():\n", "    assert ", "x", " == ", "import pytest\n", "@pytest.mark.skip\n", "    try:\n", "\\", "if (", "false", "[pytest]\n", "addopts = -k\n", "[tool.pytest.ini_options]\n", '{"scripts":', "[", "]", "return;", ".each", "assert.ok"]
)  # fmt: skip
TEXTS = st.one_of(st.none(), st.text(max_size=200), st.lists(FRAGMENTS, max_size=40).map("".join))
PATHS = (T, "conftest.py", J, "src/x.test.js", "pytest.ini", "setup.cfg", "pyproject.toml", "package.json", "Makefile")
PATHS += (
    "jest.config.js",
    ".github/workflows/a.yml",
    "uv.lock",
    "requirements.txt",
    "a/__snapshots__/x.snap",
    "src/a.py",
)
SIDES = st.dictionaries(st.sampled_from(PATHS), TEXTS, max_size=4)


@settings(max_examples=200, deadline=None)
@given(SIDES, SIDES)
@example({}, {"pytest.ini": "[0]\n0\n 0"})
def test_no_text_makes_it_raise(base: Files, candidate: Files) -> None:
    find_weakenings(base, candidate)


@settings(max_examples=50, deadline=None)
@given(SIDES)
def test_no_difference_no_finding(files: Files) -> None:
    assert find_weakenings(files, dict(files)) == ()


def test_deep_nesting_does_not_raise() -> None:
    for path in (T, J, "package.json", "pyproject.toml"):
        find_weakenings({path: ""}, {path: "(" * 50_000 + "[" * 50_000})
        find_weakenings({path: "x = " + "-" * 20_000 + "1"}, {path: "a" + ".b" * 20_000})
    chain = "def test_a():\n    if a: f()\n" + "    elif a: f()\n" * 3_000
    find_weakenings({T: ""}, {T: chain})
    find_weakenings({T: chain}, {T: "if a: f()\n" + "elif a: f()\n" * 3_000})
