"""What keeps the code readable and the dangers behind one door each. A number that has to grow needs a reason here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from repo_sources import ROOT, files, lines_of, markdown, modules, prose

MODULE_LINES, FUNCTION_LINES = 500, 70
LONG_MODULES: dict[str, str] = {}  # module -> reason, should one ever have to be longer
# `subprocess` is where programs start; each of these is the only one of its kind.
STARTERS = {
    "slots/git.py": "runs git",
    "checks/supervise.py": "runs checks and set-up commands",
    "checks/sandbox.py": "tries bubblewrap once",
    "hosts/scripted.py": "runs what the playbook says, as an agent or its person would",
    "hosts/opencode/binary.py": "asks OpenCode for its version",
    "hosts/opencode/server.py": "runs an OpenCode of our own",
    "hosts/opencode/processes.py": "asks ps for memory and start time on macOS",
    "bridge/attending.py": "runs the web console that opens with OpenCode",
    "testing/opencode.py": "runs OpenCode in tests and trials",
    "cli/commands/demo.py": "a delivery of our own, to kill it",
}
# State files are opened by the store alone. These open or write other files, each for the reason given.
OPENERS = {
    "store/files.py": "the state files",
    "slots/places.py": "locks and small records of slots, outside the workspace",
    "slots/owned.py": "the git directories we make",
    "slots/pool.py": "moves prepared work trees",
    "slots/worktree.py": "compares a file with what a checkout writes",
    "slots/worktrees.py": "moves slots into and out of their places",
    "slots/discovery.py": "reads the user's excludes",
    "slots/guard.py": "digests of hooks and configuration",
    "slots/merge.py": "rules of a throw-away directory for git",
    "checks/placing.py": "copies dependencies into checkouts",
    "checks/launcher.py": "a script beside the check; reads /proc",
    "checks/venv.py": "reads virtual environments",
    "checks/cache.py": "results of checks, in the cache directory",
    "checks/prepare.py": "the lock of a preparation",
    "checks/junit.py": "the report a test run wrote",
    "hosts/playbook.py": "the playbook",
    "hosts/scripted.py": "files of a slot, as an agent would",
    "hosts/opencode/writing.py": "OpenCode's configuration and the bridge in it",
    "hosts/opencode/server.py": "the log of OpenCode",
    "testing/opencode.py": "the log of an OpenCode in tests and trials",
    "testing/world.py": "OpenCode's home in tests and trials",
    "testing/playing.py": "the person's edits of a playbook",
    "cli/health.py": "the workspace of a trial",
    "engine/gathering.py": "files of another tool, to import them",
    "engine/work.py": "the briefing in a slot, and what the guard remembers",
    "engine/running.py": "the base's files for a preparation",
    "engine/baseline.py": "our record of the base branch, in the state directory",
    "engine/inplace.py": "what the checks said before the work",
    "bridge/own_roles.py": "looks into a workspace before there is an engine: OpenCode waits",
    "engine/crashes.py": "crash logs",
    "console/interface.py": "the file of its database, private from the start",
    "cli/saving.py": "the page a person asked for",
}
_OPENING = {"write_text", "write_bytes", "rename", "fsync", "fdopen"}


def test_a_module_fits() -> None:
    long = {name: lines_of(name) for name in modules() if lines_of(name) > MODULE_LINES}
    assert set(long) <= set(LONG_MODULES), long
    assert set(LONG_MODULES) <= set(long), "an exception is no longer needed"


def test_a_function_fits_on_a_screen() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


def _imports(tree: ast.Module) -> Iterator[str]:
    """Names of our modules that this one imports, wherever in it, but for types alone."""
    typing = {id(node) for top in ast.walk(tree) if isinstance(top, ast.If) and "TYPE_CHECKING" in ast.dump(top.test)
              for node in ast.walk(top)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("echelon") and id(node) not in typing:
            rooms = [f"{node.module}.{alias.name}" for alias in node.names]
            here = [room for room in rooms if _is_module(room)]  # `from package import module` is about the module
            yield from here or [node.module or ""]
        elif isinstance(node, ast.Import) and id(node) not in typing:
            yield from (alias.name for alias in node.names)


def _is_module(name: str) -> bool:
    path = name.removeprefix("echelon.").replace(".", "/")
    return f"{path}.py" in modules() or f"{path}/__init__.py" in modules()


def test_no_import_runs_in_a_circle() -> None:
    names = {
        f"echelon.{name[:-3].replace('/', '.')}".removesuffix(".__init__"): tree for name, tree in modules().items()
    }
    waits = {name: set(_imports(tree)) & names.keys() - {name} for name, tree in names.items()}
    while free := {name for name, others in waits.items() if not others & waits.keys()}:
        waits = {name: others for name, others in waits.items() if name not in free}
    assert waits == {}


def test_one_room_prints() -> None:
    printing = {
        name for name, tree in modules().items() for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }  # fmt: skip
    assert printing == {"cli/render.py"}


def test_programs_are_started_in_known_rooms() -> None:
    starting = {name for name, tree in modules().items() if any(word == "subprocess" for word in _imports(tree))}
    assert starting == set(STARTERS)


def _opens(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "open"
    if not isinstance(node.func, ast.Attribute):
        return False
    word, given = node.func.attr, node.args
    mode = bool(given) and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str)
    if word == "open":  # Path.open("rb"), os.open(...)
        return mode or (isinstance(node.func.value, ast.Name) and node.func.value.id == "os")
    return word in _OPENING or (word == "replace" and len(given) == 1 and not node.keywords)  # Path.replace(target)


def test_files_are_opened_in_known_rooms() -> None:
    opening = {name for name, tree in modules().items() if any(_opens(node) for node in ast.walk(tree))}
    assert opening == set(OPENERS)


def test_what_must_survive_a_power_cut_is_synced_in_two_rooms() -> None:
    syncing = {
        name for name, tree in modules().items() for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "fsync"
    }  # fmt: skip
    assert syncing <= {"store/files.py", "slots/places.py", "hosts/opencode/writing.py"}


def test_a_markdown_file_has_one_title() -> None:
    wrong = {
        name: count
        for name, text in markdown().items()
        if not name.startswith("src/echelon/bridge/prompts/")  # a model reads them, and no title
        if (count := sum(line.startswith("# ") for line in prose(text))) != 1
    }
    assert wrong == {}


def test_no_file_names_a_machine_or_a_registry() -> None:
    """Paths of one machine and addresses of one registry make a file useless elsewhere."""
    machine = re.compile(rb"(?<![\w.])/(?:home|Users)/\w+/|(?<![\w.])/root/|(?<![\w.~])/work/(?!\*)|/opt/pypi")
    machine_or_host = re.compile(
        machine.pattern + rb"|files\.pythonhosted\.|pypi\.org/simple|registry\.npmjs\.|registry\.yarnpkg\."
    )
    wrong = []
    for name in files():
        content = (ROOT / name).read_bytes()
        if name != "tests/repo/test_budgets.py" and (found := machine_or_host.search(content)):
            wrong.append(f"{name}: {found[0]!r}")
    assert [row for row in wrong if not row.startswith(_HOSTILE)] == []


# These speak of such paths on purpose: a check tries to read them, a glob matches below a temporary folder.
_HOSTILE = ("tests/adversarial/", "tests/unit/test_checks_sandbox.py", "tests/unit/test_slots_worktrees.py")
