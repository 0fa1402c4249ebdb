"""Running checks on trees: a gate, its dependencies, the cache. Shared by delivery and by `echelon verify`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from echelon.checks.cache import CheckCache
from echelon.checks.prepare import Prepared, Step, dependencies, prepare
from echelon.checks.runner import run_check
from echelon.checks.sandbox import Sandbox
from echelon.checks.singleflight import alone
from echelon.core import canonical
from echelon.core.documents.criteria import Check
from echelon.core.evidence import CheckResult, Run
from echelon.ports import CheckLimits, Execution
from echelon.slots.gates import Gates
from echelon.slots.repository import Repository


@dataclass(frozen=True, slots=True)
class Results:
    """What the checks said on both trees, and the digest of the environment in which the candidate was checked."""

    results: tuple[CheckResult, ...] = ()
    environment: str = ""


class TreeRunner:
    """Runs commands on trees of one repository, each in a clean checkout prepared by the same steps.

    Nothing of a run is kept here, so threads may share one.
    """

    def __init__(
        self,
        repository: Repository,
        workspace: Path,
        cache: Path,
        *,
        steps: tuple[Step, ...],
        sandbox: Sandbox,
        limits: CheckLimits,
        network: bool,
        environment: Mapping[str, str],
        fresh: bool = False,
        stopped: Callable[[], bool] = lambda: False,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._repository, self._workspace, self._cache_folder = repository, workspace, cache
        self._steps, self._sandbox, self._limits = steps, sandbox, limits
        self._network, self._environment, self._fresh = network, dict(environment), fresh
        self._stopped, self._tell = stopped, tell
        self._cache = CheckCache(cache / "checks")
        self._gates = Gates(repository)

    def results(self, checks: Sequence[Check], base_tree: str, candidate_tree: str) -> Results:
        """Each check on both trees; one gate is opened per tree, and none when the cache knows all."""
        if not checks:
            return Results()
        commands = [check.command for check in checks]
        base, _ = self._run(base_tree, commands, base_tree)
        candidate, environment = self._run(candidate_tree, commands, base_tree)
        judged = (CheckResult(check, base[check.command], candidate[check.command]) for check in checks)
        return Results(tuple(judged), environment)

    def run(self, tree: str, commands: Sequence[str], base_tree: str) -> dict[str, Run]:
        """Command -> what it said on `tree`. Dependencies are made from `base_tree` where their keys agree."""
        return self._run(tree, commands, base_tree)[0]

    def _run(self, tree: str, commands: Sequence[str], base_tree: str) -> tuple[dict[str, Run], str]:
        """The runs, and the digest of the environment they ran in."""
        if not commands:
            return {}, ""
        environment = self._digest(dependencies(self._steps, self._workspace, self._file_of(tree)))
        known = self._known(tree, commands, environment)
        if known is not None:
            return known, environment
        found: dict[str, Run] = {}
        with self.prepared(tree, base_tree) as (checkout, ready):
            environment = self._digest(ready.digest)  # the workspace may have changed since
            for command in commands:
                found[command] = self._one(tree, command, environment, checkout, ready)
        return found, environment

    def _digest(self, made_of: str) -> str:
        facts = {
            "dependencies": made_of,
            "sandbox": self._sandbox.name,
            "network": self._network,
            "environment": self._environment,
        }
        return canonical.digest(facts)

    def _known(self, tree: str, commands: Sequence[str], environment: str) -> dict[str, Run] | None:
        """The remembered run of every command, None when one has to be run."""
        found: dict[str, Run] = {}
        for command in commands:
            known = self._remembered(CheckCache.key(tree, command, environment))
            if known is None:
                return None
            found[command] = recorded(known)
        return found

    def _remembered(self, key: str) -> Execution | None:
        return None if self._fresh else self._cache.get(key)

    def _one(self, tree: str, command: str, environment: str, checkout: Path, ready: Prepared) -> Run:
        key = CheckCache.key(tree, command, environment)
        known = self._remembered(key)
        if known is not None:
            return recorded(known)
        self._tell(f"runs {command}")
        execution = self._once(
            key,
            lambda: run_check(
                command,
                checkout,
                sandbox=self._sandbox,
                limits=self._limits,
                environment={**ready.environment, **self._environment},
                readable=ready.readable,
                network=self._network,
                stopped=self._stopped,
            ),
        )
        return recorded(execution)

    def _once(self, key: str, run: Callable[[], Execution]) -> Execution:
        """Run it and remember it, unless another mission of this process is at it: then what that one found."""
        with alone(key, self._stopped):
            found = None if self._fresh else self._cache.get(key)
            if found is None:
                found = run()
                self._cache.put(key, found)
            return found

    def until(self, obsolete: Callable[[], bool]) -> TreeRunner:
        """The same runner, which also ends with StoppedError when nobody needs its answer any more."""
        stopped, other = self._stopped, copy.copy(self)
        other._stopped = lambda: stopped() or obsolete()  # noqa: SLF001 - a copy of ourselves
        return other

    @contextmanager
    def prepared(self, tree: str, base_tree: str) -> Iterator[tuple[Path, Prepared]]:
        """A clean checkout of `tree` with its dependencies in place."""
        with self._gates.checkout(tree) as checkout:
            yield checkout, self.prepare_in(checkout, tree, base_tree, self._stopped)

    def prepare_in(
        self, checkout: Path, tree: str, base_tree: str, stopped: Callable[[], bool] = lambda: False
    ) -> Prepared:
        """Perform the set-up steps in a directory that holds `tree`: a gate, or a slot, which is made whole."""
        repository = self._repository

        def materialize(folder: Path) -> None:
            contents = repository.files(base_tree)
            blobs = repository.blobs({entry.blob for entry in contents.values() if entry.mode.startswith("100")})
            for path, entry in contents.items():
                if entry.blob in blobs and not path.startswith(".opencode/"):
                    target = folder / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(blobs[entry.blob])
                    target.chmod(0o755 if entry.mode == "100755" else 0o644)

        return prepare(
            self._steps,
            checkout,
            self._workspace,
            self._cache_folder,
            materialize,
            self._file_of(tree),
            sandbox=self._sandbox,
            stopped=stopped,
        )

    def _file_of(self, tree: str) -> Callable[[str], bytes | None]:
        return lambda path: self._repository.read_file(tree, path)


def recorded(execution: Execution) -> Run:
    """An execution as the core keeps it."""
    counts = execution.counts
    return Run(
        execution.outcome,
        execution.why,
        execution.exit_code,
        execution.seconds,
        execution.output_tail,
        execution.output_digest,
        execution.sandbox,
        (counts.tests, counts.failures, counts.skipped) if counts else None,
    )
