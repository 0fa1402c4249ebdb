"""`echelon verify`: run the proof again, from nothing but a clone. No service, no secret, no state of ours is needed.

For each commit of the base branch that carries a statement: the statement agrees with itself and with its commit (tree,
parent, digest), follows the one before it, its definition is what the base's backlog says where it is tracked there,
and its checks, run again on both trees, answer as recorded. The workspace's own evidence log is checked too when there
is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from echelon.core import canonical, evidence, evidence_log
from echelon.core.assembling import assemble
from echelon.core.config import Config
from echelon.core.decide import Refusal
from echelon.core.documents import entries, spec
from echelon.core.evidence import Problem
from echelon.core.evidence_log import SEGMENTS
from echelon.core.layout import STATE
from echelon.core.levels.binding import define
from echelon.core.model import EVIDENCE, OWN
from echelon.core.portfolio import local, scope_of
from echelon.engine.work import LOG_COMMITS_MAX, Work
from echelon.engine.workspace import Workspace
from echelon.engine.world import decode
from echelon.errors import StoppedError, WorldError
from echelon.slots.objects import LoggedCommit
from echelon.slots.repository import Repository

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Proof:
    """One statement of the history and what verifying it gave. `runs`: command -> outcome now on (base, candidate)."""

    item: str
    mission: str
    commit: str
    coverage: str
    problems: tuple[Problem, ...]
    runs: Mapping[str, tuple[str, str]]

    @property
    def holds(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Verification:
    proofs: tuple[Proof, ...]
    problems: tuple[Problem, ...]  # of the history or the log as a whole

    @property
    def holds(self) -> bool:
        return not self.problems and all(proof.holds for proof in self.proofs)


def verify(
    workspace: Workspace,
    items: Sequence[str] = (),
    *,
    rerun: bool = True,
    tell: Callable[[str], None] = lambda _line: None,
    proved: Callable[[Proof], None] = lambda _proof: None,
) -> Verification:
    """Verify every statement of the base branch, or those of `items`. Raises what opening a repository raises.

    `proved` is called with each proof as soon as it is known. Raises StoppedError STOPPED soon after
    `workspace.stopped()` says True: what was under way is no proof.
    """
    repository, branch = workspace.repository, workspace.branch
    if (repository.common / "shallow").is_file():
        what = f"{workspace.root} is a shallow clone: it holds only the end of the history"
        raise WorldError(
            "CLONE_SHALLOW", f"{what}, so the chain cannot be followed.", "git fetch --unshallow, or clone it whole."
        )
    commits = list(repository.log_messages(branch, LOG_COMMITS_MAX))
    found = _statements(reversed(commits))
    values = [value for _, value, _ in found if value is not None]
    broken_links: dict[str, list[Problem]] = {}
    for item, problem in evidence.chain_problems(values):
        broken_links.setdefault(item, []).append(problem)
    overall = [*_log_problems(workspace, found)]
    proofs: list[Proof] = []
    work = Work(workspace, fresh=True)
    for commit, value, problems in found:
        name = str(value["subject"][0]["name"]) if value else commit.id[:12]
        if items and name not in items:
            continue
        if workspace.stopped():
            raise StoppedError("STOPPED", f"the proof of {name[:200]} was stopped before it ran; it says nothing.")
        every = [*problems, *broken_links.pop(name, [])]
        runs: dict[str, tuple[str, str]] = {}
        if value is not None:
            every += _commit_problems(workspace, commit, value)
            if rerun and not every:
                tell(f"{name}: runs {len(value['predicate']['checks'])} check(s) again")
                every += _rerun(work, value, runs)
        mission = str(value["predicate"]["mission"]) if value else ""
        coverage = str(value["predicate"]["coverage"]) if value else ""
        proofs.append(Proof(name, mission, commit.id, coverage, tuple(every), runs))
        proved(proofs[-1])
    missing = [item for item in items if item not in {proof.item for proof in proofs}]
    overall += [Problem("NOTHING_TO_VERIFY", f"no commit carries a statement about {item[:60]}") for item in missing]
    if not found:
        overall.append(Problem("NOTHING_TO_VERIFY", f"no commit of {branch} carries a statement"))
    return Verification(tuple(proofs), tuple(overall))


_Statements = list[tuple[LoggedCommit, dict[str, Any] | None, tuple[Problem, ...]]]


def _statements(commits: Iterable[LoggedCommit]) -> _Statements:
    found: _Statements = []
    for commit in commits:
        value, problems = evidence.read_message(commit.message)
        if value is not None or problems:
            found.append((commit, value, problems))
    return found


def _commit_problems(workspace: Workspace, commit: LoggedCommit, value: Mapping[str, Any]) -> list[Problem]:
    """The commit is the one its statement speaks of."""
    repository, predicate = workspace.repository, value["predicate"]
    found: list[Problem] = []
    if value["subject"][0]["digest"]["gitTree"] != commit.tree:
        found.append(Problem("TREE_DIFFERS", f"{commit.id[:12]} has another tree than its statement names"))
    base = predicate["base"]
    if not commit.parents or commit.parents[0] != base["gitCommit"]:
        found.append(Problem("BASE_DIFFERS", f"{commit.id[:12]} does not stand on the base its statement names"))
    elif repository.tree_of(commit.parents[0]) != base["gitTree"]:
        found.append(Problem("BASE_DIFFERS", f"the base of {commit.id[:12]} has another tree than its statement names"))
    if not found and predicate["definition"]["source"] == "base":
        found += _definition_problems(workspace, commit, value)
    return found


def _definition_problems(workspace: Workspace, commit: LoggedCommit, value: Mapping[str, Any]) -> list[Problem]:
    """The approved text, committed in the base, says what the statement's definition says."""
    repository = workspace.repository
    held = evidence.definition_from_json(value["predicate"]["definition"])
    files = _files_of(repository, commit.parents[0], scope_of(held.item))
    found = [folder for folder in files if repository.read_file(commit.parents[0], f"{folder}/backlog.md") is not None]
    if not found:
        return [Problem("DEFINITION_DIFFERS", f"the base of {held.item} holds no backlog of it")]
    text = decode(repository.read_file(commit.parents[0], f"{found[0]}/backlog.md"))
    rules = decode(repository.read_file(commit.parents[0], f"{found[0]}/spec.md"))
    there = define(entries.parse(text or ""), spec.parse(rules or ""), local(held.item), "base", held.item)
    if isinstance(there, Refusal) or there.digest != held.digest:
        return [Problem("DEFINITION_DIFFERS", f"{held.item}: the committed backlog says something else")]
    return []


def _files_of(repository: Repository, commit: str, scope: str) -> tuple[str, ...]:
    """The folders in which a project's backlog may lie in a commit, as the state files there say."""
    project = (
        assemble(_Committed(repository, commit), Config({}), scope).world.portfolio.project(scope) if scope else None
    )
    return (project.files.folder, *project.files.working) if project else (STATE,)


class _Committed:
    """The state files of a commit, as a source of texts."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository, self._commit = repository, commit

    def text(self, path: str) -> str | None:
        return decode(self._repository.read_file(self._commit, path)) if path not in OWN else None

    def problem(self, path: str) -> str:
        return ""

    def digest(self, path: str) -> str:
        text = self.text(path)
        return "absent" if text is None else canonical.text_digest(text)

    def written(self, path: str) -> str:
        return ""

    def parsed(self, kind: str, digest: str, text: str, parser: Callable[[str], T]) -> T:
        return parser(text)


def _rerun(work: Work, value: Mapping[str, Any], runs: dict[str, tuple[str, str]]) -> list[Problem]:
    predicate = value["predicate"]
    held = evidence.definition_from_json(predicate["definition"])
    tree = value["subject"][0]["digest"]["gitTree"]
    found: list[Problem] = []
    recorded = {entry["command"]: entry for entry in predicate["checks"]}
    for result in work.runner.results(held.checks, predicate["base"]["gitTree"], tree).results:
        then, command = recorded[result.check.command], result.check.command
        runs[command] = (result.base.outcome, result.candidate.outcome)
        for side, now in (("base", result.base), ("candidate", result.candidate)):
            if now.outcome != then[side]["outcome"]:
                why = f" ({now.why})" if now.why else ""
                message = f"`{command}` is {now.outcome}{why} on the {side}, recorded was {then[side]['outcome']}"
                found.append(Problem("RERUN_DIFFERS", message + (f"\n{now.output_tail}" if now.output_tail else "")))
    return found


def whole_log(workspace: Workspace) -> str:
    """The segments in order, then the live log; "" when this is a plain clone."""
    segments = sorted(workspace.root.glob(f"{SEGMENTS}*.jsonl"))
    paths = [*(path.relative_to(workspace.root).as_posix() for path in segments), EVIDENCE]
    return "".join(decode(workspace.store.read(path).content) or "" for path in paths)


def _log_problems(workspace: Workspace, found: _Statements) -> list[Problem]:
    """The evidence log's chain holds, and what it says was merged is what the commits carry."""
    records, problems = evidence_log.read(whole_log(workspace))
    carried = {commit.id: value for commit, value, _ in found}
    every = list(problems)
    for record in records:
        body = record.get("body", {})
        commit = str(body.get("commit", ""))
        if record.get("kind") == "closing" and commit in carried and carried[commit] != body.get("statement"):
            every.append(Problem("EVIDENCE_LOG_CHANGED", f"the log and commit {commit[:12]} say different things"))
    return [*every, *_closing_problems(records)]


def _closing_problems(records: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """A closed project or program names digests of what lies below it, which the log must hold before it."""
    seen: set[str] = set()
    found: list[Problem] = []
    for record in records:
        body = record.get("body", {})
        named = [row.get("evidence", "") for row in body.get("items", ())] if isinstance(body, dict) else []
        rows = (*body.get("projects", ()), *body.get("programs", ())) if isinstance(body, dict) else ()
        named += [row.get("closing", "") for row in rows]
        missing = [digest for digest in named if digest and digest not in seen]
        if str(record.get("kind", "")).endswith("_closing") and missing:
            key = str(body.get("project") or body.get("program") or "the enterprise")
            message = f"the closing of {key} names {len(missing)} record(s) that the log does not hold before it"
            found.append(Problem("EVIDENCE_LOG_CHANGED", message))
        seen.add(str(record.get("digest", "")))
    return found
