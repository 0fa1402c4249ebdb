"""Dependencies in clean checkouts: made once, linked, and never the way by which another tree's code is tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from echelon.checks import placing
from echelon.checks.prepare import Command, Copy, Link, Prepared, Step, detect_steps, prepare, step_to_json
from echelon.checks.prepare import steps_from_json as read
from echelon.checks.runner import run_check
from echelon.checks.sandbox import NO_SANDBOX, Sandbox, find_sandbox
from echelon.errors import InputError, LimitError, WorldError

BOXES = [NO_SANDBOX, *([box] if (box := find_sandbox("auto")).name != "none" else [])]


class World:
    """A workspace with dependencies, two clean checkouts, a cache."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workspace, self.one, self.two, self.cache = (root / name for name in ("work", "one", "two", "cache"))
        for path in (self.workspace, self.one, self.two):
            path.mkdir()
        self.files: dict[str, str] = {"lock": "1"}

    def prepare(self, *steps: Step, checkout: Path | None = None) -> Prepared:
        return prepare(steps, checkout or self.one, self.workspace, self.cache, self.materialize, self.tree_file)

    def materialize(self, directory: Path) -> None:
        for name, text in self.files.items():
            (directory / name).write_text(text)

    def tree_file(self, path: str) -> bytes | None:
        return self.files[path].encode() if path in self.files else None


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def make_venv(place: Path) -> Path:
    """A virtual environment without pip; returns its site-packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    return next(place.glob("lib/python3*/site-packages"))


# ------------------------------------------------------------------------------------------ the wrong tree


def pth(site: Path, place: Path) -> None:
    (site / "__editable__.mine.pth").write_text(f"{place}\n")


def finder(site: Path, place: Path) -> None:
    """As setuptools writes it for layouts that a .pth line cannot express."""
    mapping = {"mine": str(place / "mine")}
    (site / "__editable___mine_finder.py").write_text(
        "import sys\nfrom importlib.util import spec_from_file_location\n"
        f"MAPPING: dict[str, str] = {mapping!r}\n"
        "class Finder:\n    @classmethod\n    def find_spec(cls, name, path=None, target=None):\n"
        "        if name in MAPPING:\n"
        "            return spec_from_file_location(name, MAPPING[name] + '/__init__.py')\n"
        "def install():\n    sys.meta_path.append(Finder)\n"
    )
    (site / "__editable__.mine.pth").write_text("import __editable___mine_finder; __editable___mine_finder.install()\n")


@pytest.mark.parametrize("box", BOXES, ids=lambda box: box.name)
@pytest.mark.parametrize("install", [pth, finder])
@pytest.mark.parametrize("layout", ["src", "lib/python", "."])
def test_an_editable_install_does_not_test_the_workspace(
    world: World, box: Sandbox, install: Callable[[Path, Path], None], layout: str
) -> None:
    for tree in (world.workspace, world.one):
        (tree / layout / "mine").mkdir(parents=True)
        (tree / layout / "mine" / "__init__.py").write_text(f"WHO = {tree.name!r}\n")
    site = make_venv(world.workspace / ".venv")
    install(site, world.workspace / layout)
    (site / "dependency.py").write_text("WHO = 'the environment'\n")
    prepared = world.prepare(Link(".venv"))
    ask = "python -c 'import mine, dependency; print(mine.WHO, dependency.WHO)'"
    seen = run_check(ask, world.one, sandbox=box, environment=prepared.environment, readable=prepared.readable)
    assert seen.output_tail == "one the environment", seen
    trap = subprocess.run(
        [world.workspace / ".venv/bin/python", "-c", "import mine; print(mine.WHO)"],
        capture_output=True,
        text=True,
        cwd=world.root,
    )
    assert trap.stdout == "work\n", "the trap must be a real one"


def test_node_workspace_packages_lead_to_the_checkout(world: World) -> None:
    modules = world.workspace / "node_modules"
    for name in ("left-pad", "@scope", ".bin"):
        (modules / name).mkdir(parents=True)
    for tree in (world.workspace, world.one):
        (tree / "packages" / "ours").mkdir(parents=True)
        (tree / "packages" / "ours" / "index.js").write_text(f"module.exports = {tree.name!r}")
    (modules / "@scope" / "ours").symlink_to("../../packages/ours")
    (modules / ".bin" / "ours").symlink_to("../@scope/ours/index.js")
    (modules / ".bin" / "pad").symlink_to("../left-pad/index.js")
    (modules / "left-pad" / "index.js").touch()
    for _ in range(2):
        prepared = world.prepare(Link("node_modules"))
    assert (world.one / "node_modules/@scope/ours").resolve() == world.one / "packages/ours"
    assert (world.one / "node_modules/.bin/ours").resolve() == world.one / "packages/ours/index.js"
    assert (world.one / "node_modules/left-pad").resolve() == modules / "left-pad"
    assert prepared.environment["PATH"].startswith(str(world.one / "node_modules/.bin") + os.pathsep)


# ------------------------------------------------------------------------------------------ commands


def counting(world: World, run: str = "mkdir -p dep && cat lock > dep/version") -> Command:
    return Command(f"echo ran >> {world.root}/runs; {run}", ("dep",), ("lock",))


def runs(world: World) -> int:
    return len((world.root / "runs").read_text().splitlines())


def test_a_command_runs_once_for_all_checkouts(world: World) -> None:
    prepared = [world.prepare(counting(world), checkout=place) for place in (world.one, world.two, world.one)]
    assert runs(world) == 1
    assert (world.one / "dep/version").read_text() == (world.two / "dep/version").read_text() == "1"
    assert len({one.digest for one in prepared}) == 1
    assert all(path.is_relative_to(world.cache) for path in prepared[0].readable)


def test_a_changed_key_file_runs_it_again_and_other_files_do_not(world: World) -> None:
    before = world.prepare(counting(world))
    world.files["README"] = "new"
    assert world.prepare(counting(world)).digest == before.digest
    world.files["lock"] = "2"
    assert world.prepare(counting(world), checkout=world.two).digest != before.digest
    assert runs(world) == 2
    assert [(place / "dep/version").read_text() for place in (world.one, world.two)] == ["1", "2"]


def test_threads_wait_for_the_one_that_prepares(world: World) -> None:
    places = [world.root / f"c{n}" for n in range(4)]
    for place in places:
        place.mkdir()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda place: world.prepare(counting(world), checkout=place), places))
    assert runs(world) == 1


def test_what_was_interrupted_is_begun_again(world: World) -> None:
    world.prepare(counting(world))
    (marker,) = (world.cache / "prepared").glob("*.done")
    marker.unlink()
    (marker.with_suffix("") / "dep" / "half").touch()
    world.prepare(counting(world), checkout=world.two)
    assert runs(world) == 2
    assert not (world.two / "dep/half").exists()


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("echo step one; echo no such package; exit 1", r"exit 1.*\n.*no such package"),
        ("no-such-tool", "not_found"),
        ("true", "did not make dep"),
        ("ln -s / dep", "did not make dep"),
    ],
)
def test_a_failed_preparation_shows_its_last_lines_and_leaves_nothing(world: World, run: str, said: str) -> None:
    for _ in range(2):
        with pytest.raises(WorldError, match=f"(?s)PREPARE_FAILED.*{said}"):
            world.prepare(counting(world, run))
    assert runs(world) == 2
    assert [path.suffix for path in (world.cache / "prepared").iterdir()] == [".lock"]


def test_a_prepared_environment_is_first_on_the_path(world: World) -> None:
    command = Command(f"{sys.executable} -m venv --without-pip .venv", (".venv",), ())
    prepared = world.prepare(command)
    seen = run_check(
        "python -c 'import sys; print(sys.prefix)'", world.one, sandbox=NO_SANDBOX, environment=prepared.environment
    )
    assert seen.output_tail == prepared.environment["VIRTUAL_ENV"] == str(world.one / ".venv")


def test_preparation_has_no_credentials(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_TOKEN", "planted")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:planted@proxy")
    monkeypatch.setenv("NO_PROXY", "localhost")
    world.prepare(Command("env > dep", ("dep",), ()))
    seen = (world.one / "dep").read_text()
    assert "planted" not in seen and "NO_PROXY=localhost" in seen


# ------------------------------------------------------------------------------------------ links, copies, refusals


def test_links_and_copies_of_the_workspace(world: World) -> None:
    (world.workspace / ".env.test").write_text("A=1")
    (world.workspace / "data" / "deep").mkdir(parents=True)
    (world.workspace / "data" / "deep" / "x").write_text("x")
    for _ in range(2):
        prepared = world.prepare(Link("data"), Copy(".env.test"))
    assert (world.one / "data").readlink() == world.workspace / "data"
    assert not (world.one / ".env.test").is_symlink()
    assert prepared.readable == (world.workspace / "data",)
    world.prepare(Copy("data"), checkout=world.two)
    assert (world.two / "data/deep/x").read_text() == "x"


def test_the_digest_sees_what_somebody_installs(world: World) -> None:
    site = make_venv(world.workspace / ".venv")
    before = world.prepare(Link(".venv")).digest
    assert world.prepare(Link(".venv"), checkout=world.two).digest == before
    (site / "new-1.0.dist-info").mkdir()
    assert world.prepare(Link(".venv")).digest != before


def test_a_missing_source_says_what_to_do(world: World) -> None:
    with pytest.raises(WorldError, match=r"PREPARE_SOURCE_MISSING.*\.venv.*Next: install"):
        world.prepare(Link(".venv"))


def test_nothing_of_the_tree_stands_in_for_a_dependency(world: World) -> None:
    make_venv(world.workspace / ".venv")
    (world.one / ".venv").mkdir()  # committed by an agent
    with pytest.raises(WorldError, match=r"PREPARE_TARGET_EXISTS: \.venv is part of the tree"):
        world.prepare(Link(".venv"))


def test_no_link_of_the_tree_is_followed_outwards(world: World) -> None:
    (world.workspace / "a").mkdir()
    (world.workspace / "a" / "b").write_text("dep")
    (outside := world.root / "outside").mkdir()
    (world.one / "a").symlink_to(outside)
    for step in (Link("a/b"), Copy("a/b")):
        with pytest.raises(WorldError, match="PREPARE_TARGET_EXISTS"):
            world.prepare(step)
    assert list(outside.iterdir()) == []


def test_copies_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "COPY_BYTES", 10)
    (world.workspace / "big").write_bytes(b"x" * 11)
    with pytest.raises(LimitError, match="PREPARE_COPY_TOO_LARGE"):
        world.prepare(Copy("big"))


# ------------------------------------------------------------------------------------------ configuration


def test_steps_survive_json() -> None:
    steps = (Link(".venv"), Copy("conf/.env.test"), Command("npm ci", ("node_modules",), ("package-lock.json",)))
    assert read(json.loads(json.dumps([step_to_json(step) for step in steps]))) == steps


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, r"\$\.setup must be a list"),
        ([[]], r"\$\.setup\[0\] must be an object"),
        ([{"link": "a"}, {"link": 1}], r"\$\.setup\[1\]\.link must be a path"),
        ([{"link": "../a"}], r"\$\.setup\[0\]\.link .*without '\.\.'"),
        ([{"copy": "/etc/passwd"}], r"\$\.setup\[0\]\.copy"),
        ([{"copy": ".git/config"}], r"\$\.setup\[0\]\.copy"),
        ([{"copy": "a//b"}], r"\$\.setup\[0\]\.copy"),
        ([{"link": "a", "copy": "b"}], r"\$\.setup\[0\] must have"),
        ([{"run": "x"}], r"\$\.setup\[0\] must have"),
        ([{"run": " ", "produces": ["a"]}], r"\$\.setup\[0\]\.run"),
        ([{"run": "x", "produces": []}], r"\$\.setup\[0\]\.produces must name"),
        ([{"run": "x", "produces": ["a", ".."]}], r"\$\.setup\[0\]\.produces\[1\]"),
        ([{"run": "x", "produces": ["a"], "key": "b"}], r"\$\.setup\[0\]\.key must be a list"),
        ([{"link": "a"}] * 33, r"\$\.setup must be a list of at most 32"),
    ],
)
def test_a_wrong_step_is_named_by_its_place(value: object, place: str) -> None:
    with pytest.raises(InputError, match=f"PREPARE_STEP_INVALID: {place}"):
        read(value)


@pytest.mark.parametrize(
    ("files", "steps"),
    [
        ([], []),
        ([".venv/pyvenv.cfg", "uv.lock"], [{"link": ".venv"}]),
        (["venv/pyvenv.cfg"], [{"link": "venv"}]),
        (["uv.lock", "pyproject.toml"], [{"run": "uv sync --frozen"}]),
        (["requirements.txt", "requirements-dev.txt"], [{"run": "-r requirements-dev.txt -r requirements.txt"}]),
        (["requirements x;.txt"], []),
        (["pyproject.toml"], [{"run": "pip install -e ."}]),
        (["node_modules/x", "package-lock.json"], [{"link": "node_modules"}]),
        (["package-lock.json"], [{"run": "npm ci"}]),
        (["pnpm-lock.yaml"], [{"run": "pnpm install --frozen-lockfile"}]),
        (["uv.lock", "package-lock.json"], [{"run": "uv sync"}, {"run": "npm ci"}]),
    ],
)
def test_init_finds_the_steps(tmp_path: Path, files: list[str], steps: list[dict[str, str]]) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [step_to_json(step) for step in detect_steps(tmp_path)]
    assert len(found) == len(steps)
    for one, expected in zip(found, steps, strict=True):
        assert all(value in str(one[key]) for key, value in expected.items())
    assert read(found) == detect_steps(tmp_path)
