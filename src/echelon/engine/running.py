"""Running checks on trees: a gate, its dependencies, the cache. Shared by delivery and by `echelon verify`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from echelon.checks.cache import CheckCache
from echelon.checks.prepare import Prepared, Step, prepare
from echelon.checks.runner import run_check
from echelon.checks.sandbox import Sandbox
from echelon.checks.singleflight import alone
from echelon.core import canonical
from echelon.core.documents.criteria import Check
from echelon.core.evidence import CheckResult, Run
from echelon.ports import CheckLimits, Execution
from echelon.slots.gates import Gates
from echelon.slots.repository import Repository


class TreeRunner:
    """Runs commands on trees of one repository, each in a clean checkout prepared by the same steps."""

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
        self.environment_digest = ""

    def results(self, checks: Sequence[Check], base_tree: str, candidate_tree: str) -> tuple[CheckResult, ...]:
        """Each check on both trees; one gate is opened per tree, and none when the cache knows all."""
        commands = [check.command for check in checks]
        base = self.run(base_tree, commands, base_tree)
        candidate = self.run(candidate_tree, commands, base_tree)
        return tuple(CheckResult(check, base[check.command], candidate[check.command]) for check in checks)

    def run(self, tree: str, commands: Sequence[str], base_tree: str) -> dict[str, Run]:
        """Command -> what it said on `tree`. Dependencies are made from `base_tree` where their keys agree."""
        if not commands:
            return {}
        found: dict[str, Run] = {}
        with self.prepared(tree, base_tree) as (checkout, ready):
            facts = {
                "dependencies": ready.digest,
                "sandbox": self._sandbox.name,
                "network": self._network,
                "environment": self._environment,
            }
            self.environment_digest = canonical.digest(facts)
            for command in commands:
                found[command] = self._one(tree, command, checkout, ready)
        return found

    def _one(self, tree: str, command: str, checkout: Path, ready: Prepared) -> Run:
        key = CheckCache.key(tree, command, self.environment_digest)
        known = None if self._fresh else self._cache.get(key)
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
            yield checkout, self.prepare_in(checkout, tree, base_tree)

    def prepare_in(self, checkout: Path, tree: str, base_tree: str) -> Prepared:
        """Perform the set-up steps in a directory that holds `tree`: a gate, or a slot."""
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
            lambda path: repository.read_file(tree, path),
            sandbox=self._sandbox,
        )


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
