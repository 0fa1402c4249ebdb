"""What counts as proof: the definition, the plan of runs, the verdict, the statement and its chain. design.md §5.

A definition is what an item promises (criteria with their checks, and the spec's definition of done), bound by digest
when the item starts. A statement binds the runs to one tree; the merge commit's message carries it, and each
statement names the one before, so that a plain clone holds all the proof. Form: in-toto Statement v1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from echelon.core import canonical
from echelon.core.documents.criteria import Check, Criterion

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://echelon.dev/evidence/v1"
GENESIS = "0" * 64
STATEMENT_BYTES_MAX = 1_000_000
TRAILER = "Echelon-Statement"

Coverage = Literal["proved", "guarded", "attested", "none"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of a definition: words and the check that decides it, if any."""

    text: str
    check: Check | None

    def as_json(self) -> dict[str, Any]:
        run = {"kind": self.check.kind, "command": self.check.command} if self.check else None
        return {"text": self.text, "check": run}


@dataclass(frozen=True, slots=True)
class Definition:
    """What an item has to fulfil. `source`: "base" when read from the base commit, "start" when it was not tracked."""

    item: str
    title: str
    criteria: tuple[Promise, ...]
    done: tuple[Promise, ...]
    source: Literal["base", "start"]

    @property
    def digest(self) -> str:
        return canonical.digest({key: value for key, value in self.as_json().items() if key != "source"})

    @property
    def checks(self) -> tuple[Check, ...]:
        """Each command once; a command that is both a check and a guard counts as the check it is."""
        found: dict[str, Check] = {}
        for promise in (*self.criteria, *self.done):
            if promise.check and (promise.check.command not in found or promise.check.kind == "check"):
                found[promise.check.command] = promise.check
        return tuple(found.values())

    @property
    def unchecked(self) -> tuple[Promise, ...]:
        """Criteria that only an attestation can close."""
        return tuple(promise for promise in self.criteria if promise.check is None)

    def as_json(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "title": self.title,
            "criteria": [promise.as_json() for promise in self.criteria],
            "done": [promise.as_json() for promise in self.done],
            "source": self.source,
        }


def definition(
    item: str,
    title: str,
    criteria: Sequence[Criterion],
    done: Iterable[tuple[str, Check | None]],
    source: Literal["base", "start"],
) -> Definition:
    """Definition-of-done lines without a check are prose for people and reviewers; they bind nothing."""
    promises = tuple(Promise(entry.text, entry.check) for entry in criteria)
    common = tuple(Promise(words, check) for words, check in done if check)
    return Definition(item, title, promises, common, source)


def definition_from_json(value: Mapping[str, Any]) -> Definition:
    """The inverse of `as_json`. Raises KeyError, TypeError or ValueError when it is not one."""

    def promise(entry: Mapping[str, Any]) -> Promise:
        run = entry["check"]
        if run is None:
            return Promise(str(entry["text"]), None)
        if run["kind"] not in ("check", "guard"):
            raise ValueError(f"unknown kind of check: {run['kind']!r}")
        return Promise(str(entry["text"]), Check(run["kind"], str(run["command"])))

    if value["source"] not in ("base", "start"):
        raise ValueError(f"unknown source: {value['source']!r}")
    return Definition(
        str(value["item"]),
        str(value["title"]),
        tuple(promise(entry) for entry in value["criteria"]),
        tuple(promise(entry) for entry in value["done"]),
        value["source"],
    )


# --------------------------------------------------------------------------------------------------- verdict


@dataclass(frozen=True, slots=True)
class Run:
    """What one execution said, as it is recorded. Shapes as in ports.Execution, which the core does not know."""

    outcome: Literal["green", "red", "could_not_run"]
    why: str
    exit_code: int | None
    seconds: float
    output_tail: str
    output_digest: str
    sandbox: str
    counts: tuple[int, int, int] | None = None  # tests, failures, skipped

    def as_json(self) -> dict[str, Any]:
        """What a statement keeps: no output text, only its digest."""
        return {
            "outcome": self.outcome,
            "exit": self.exit_code,
            "seconds": round(self.seconds, 3),
            "output": self.output_digest,
            "sandbox": self.sandbox,
            "counts": list(self.counts) if self.counts else None,
        }


@dataclass(frozen=True, slots=True)
class CheckResult:
    check: Check
    base: Run
    candidate: Run


@dataclass(frozen=True, slots=True)
class Attestation:
    """Somebody who did not write the change says that a criterion holds, about one state of the work."""

    criterion: str
    by: Literal["person", "reviewer"]
    note: str
    tree: str  # tree of the slot's snapshot it was made about

    def as_json(self) -> dict[str, Any]:
        return {"criterion": self.criterion, "by": self.by, "note": self.note, "tree": self.tree}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a candidate does not close: a code of core.codes and a sentence that names the criterion."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`coverage` is what the item will be shown as; it closes exactly when there are no problems."""

    coverage: Coverage
    problems: tuple[Problem, ...]

    @property
    def closes(self) -> bool:
        return not self.problems


def judge(
    definition: Definition,
    results: Sequence[CheckResult],
    attestations: Sequence[Attestation],
    *,
    changed: bool,
    policy: Literal["proved", "attested"],
) -> Verdict:
    """All the reasons at once why this candidate does not close. Pure: the runs are given.

    `changed`: the candidate's tree differs from the base's (state files aside).
    """
    problems: list[Problem] = []
    by_command = {result.check.command: result for result in results}
    for check in definition.checks:
        result = by_command.get(check.command)
        if result is None:
            problems.append(Problem("CHECK_NOT_RUN", f"`{check.command}` was not run"))
        else:
            problems.extend(_judge_run(definition, replace(result, check=check)))  # its kind is the definition's
    attested = {attestation.criterion for attestation in attestations}
    problems.extend(
        Problem("NOT_ATTESTED", f'"{promise.text}" has no check and nobody has attested it')
        for promise in definition.unchecked
        if promise.text not in attested
    )
    problems.extend(missing_proof(definition, policy))
    if not changed:
        problems.append(Problem("NOTHING_CHANGED", "the candidate is the same tree as the base"))
    return Verdict(coverage_of(definition, bool(attested)), tuple(problems))


def missing_proof(definition: Definition, policy: Literal["proved", "attested"]) -> tuple[Problem, ...]:
    """What a definition lacks to be closable at all; known before any work is paid for."""
    if not definition.criteria:
        return (Problem("NO_CRITERIA", "the item has no acceptance criteria"),)
    own = [promise for promise in definition.criteria if promise.check]
    if policy == "proved" and not own:
        return (Problem("NO_CHECKS", "no criterion of the item carries a check"),)
    return ()


def coverage_of(definition: Definition, attested: bool) -> Coverage:
    """What closing would show: guards alone prove that nothing broke, not that something came."""
    own = [promise.check for promise in definition.criteria if promise.check]
    if any(check.kind == "check" for check in own):
        return "proved"
    if own:
        return "guarded"
    return "attested" if attested else "none"


def _judge_run(definition: Definition, result: CheckResult) -> list[Problem]:
    check, candidate = result.check, result.candidate
    name = _criterion_of(definition, check)
    found: list[Problem] = []
    if candidate.outcome == "could_not_run":
        message = f"{name}: `{check.command}` could not run ({candidate.why}){_tail(candidate)}"
        found.append(Problem("CHECK_COULD_NOT_RUN", message))
    elif candidate.outcome == "red":
        message = f"{name}: `{check.command}` answers {candidate.exit_code}{_tail(candidate)}"
        found.append(Problem("CHECK_RED", message))
    found.extend(judge_base(definition, check, result.base))
    found.extend(_judge_counts(name, result))
    return found


def judge_base(definition: Definition, check: Check, base: Run) -> tuple[Problem, ...]:
    """What is wrong before any work: known as soon as the item starts, and no attempt can mend it."""
    name = _criterion_of(definition, check)
    if base.outcome == "could_not_run":
        message = f"{name}: `{check.command}` could not run on the base ({base.why}){_tail(base)}"
        return (Problem("CHECK_COULD_NOT_RUN", message),)
    if check.kind == "check" and base.outcome == "green":
        message = f"{name}: `{check.command}` is green before the work; sharpen it, or write guard: if that is meant"
        return (Problem("CHECK_GREEN_ON_BASE", message),)
    if check.kind == "guard" and base.outcome == "red":
        return (Problem("GUARD_RED_ON_BASE", f"{name}: `{check.command}` is already red on the base{_tail(base)}"),)
    return ()


def _judge_counts(name: str, result: CheckResult) -> list[Problem]:
    """Green with nothing executed is not green (reliability.md §7.4, "the exam is empty")."""
    before, after = result.base.counts, result.candidate.counts
    if result.candidate.outcome != "green":
        return []
    if after is None:  # the runner reported on the base: that it does not any more means it was left early
        message = f"{name}: `{result.check.command}` is green and left no report of its tests, as it does on the base"
        return [Problem("NO_TESTS_RAN", message)] if before else []
    if after[0] - after[2] <= 0:
        return [Problem("NO_TESTS_RAN", f"{name}: `{result.check.command}` is green but executed no test")]
    if result.check.kind == "guard" and before and after[0] - after[2] < before[0] - before[2]:
        message = (
            f"{name}: `{result.check.command}` executed {after[0] - after[2]} tests, {before[0] - before[2]} before"
        )
        return [Problem("FEWER_TESTS_RAN", message)]
    return []


def _criterion_of(definition: Definition, check: Check) -> str:
    for promise in (*definition.criteria, *definition.done):
        if promise.check and promise.check.command == check.command:
            return f'"{promise.text}"'
    return '"?"'


def _tail(run: Run) -> str:
    return f"\n{run.output_tail}" if run.output_tail.strip() else ""


# ------------------------------------------------------------------------------------------------- statement


def statement(
    definition: Definition,
    *,
    tree: str,
    base_commit: str,
    base_tree: str,
    results: Sequence[CheckResult],
    attestations: Sequence[Attestation],
    coverage: Coverage,
    environment: str,
    mission: str,
    previous: str,
    in_place: bool = False,
    record: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON value that a merge carries. `previous` is the digest of the closing statement before, or GENESIS.

    `record` is the completion record: the agent's word beside the evidence, which proves nothing.
    """
    checks = [
        {
            "kind": result.check.kind,
            "command": result.check.command,
            "base": result.base.as_json(),
            "candidate": result.candidate.as_json(),
        }
        for result in results
    ]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": definition.item, "digest": {"gitTree": tree}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "mission": mission,
            "base": {"gitCommit": base_commit, "gitTree": base_tree},
            "definition": {**definition.as_json(), "digest": definition.digest},
            "checks": checks,
            "attestations": [attestation.as_json() for attestation in attestations],
            "coverage": coverage,
            "environment": environment,
            "inPlace": in_place,
            "previous": previous,
            "record": record,
        },
    }


def merge_message(value: Mapping[str, Any], title: str, files: int) -> str:
    """The merge commit's message: a subject people read, trailers, and the statement as one line."""
    item = value["subject"][0]["name"]
    predicate = value["predicate"]
    rows = [f"{item}: {title}"[:100], ""]
    rows.append(
        f"Delivered by Echelon as {predicate['mission']}: {len(predicate['checks'])} check(s), {files} file(s)."
    )
    rows.append("Anyone can run the proof again from a plain clone: echelon verify " + str(item))
    rows += ["", f"Echelon-Item: {item}", f"Echelon-Coverage: {predicate['coverage']}"]
    rows += [f"Echelon-Evidence: sha256:{canonical.digest(value)}", f"{TRAILER}: {canonical.dumps(value)}"]
    return "\n".join(rows) + "\n"


_TRAILER_LINE = re.compile(rf"^{TRAILER}: (\{{.*\}})$", re.MULTILINE)
_DIGEST_LINE = re.compile(r"^Echelon-Evidence: sha256:([0-9a-f]{64})$", re.MULTILINE)
_CLAIM = re.compile(rf"^(?:{TRAILER}|Echelon-Evidence):", re.MULTILINE)
_PLAIN_LINES = (
    re.compile(r"^Echelon-Item: (.*)$", re.MULTILINE),
    re.compile(r"^Echelon-Coverage: (.*)$", re.MULTILINE),
)


def read_message(message: str) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    """The statement in a commit message and what is wrong with it; (None, ()) when the commit carries none."""
    claims = len(_CLAIM.findall(message))
    if not claims:
        return None, ()
    found, named = _TRAILER_LINE.search(message), _DIGEST_LINE.search(message)
    if found is None or named is None or len(found[1]) > STATEMENT_BYTES_MAX:
        return None, (Problem("STATEMENT_UNREADABLE", "the evidence trailers are incomplete"),)
    if claims > 2:
        return None, (Problem("STATEMENT_UNREADABLE", "the commit carries more than one statement"),)
    try:
        value = json.loads(found[1])
        problems = list(statement_problems(value))
        canon, digest = canonical.dumps(value), canonical.digest(value)
        plain = (str(value["subject"][0]["name"]), str(value["predicate"]["coverage"]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        return None, (Problem("STATEMENT_UNREADABLE", f"the statement cannot be read ({type(error).__name__})"),)
    if canon != found[1]:
        problems.append(Problem("STATEMENT_CHANGED", "the statement is not in its canonical form"))
    if digest != named[1]:
        problems.append(Problem("STATEMENT_CHANGED", "the statement does not have the digest the commit names"))
    if tuple(pattern.findall(message) for pattern in _PLAIN_LINES) != tuple([word] for word in plain):
        problems.append(Problem("STATEMENT_CHANGED", "the commit's item or coverage line is not the statement's"))
    return value, tuple(problems)


_PREDICATE_KEYS = ("mission", "checks", "attestations", "coverage", "environment", "inPlace", "previous")


def statement_problems(value: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Inner contradictions of a statement. Raises the errors of `definition_from_json` when it is none."""
    predicate = value["predicate"]
    held = definition_from_json(predicate["definition"])
    _ = [str(predicate[key]) for key in _PREDICATE_KEYS], predicate["base"]["gitCommit"] + predicate["base"]["gitTree"]
    _ = value["subject"][0]["digest"]["gitTree"] + predicate["definition"]["source"]
    problems: list[Problem] = []
    if predicate["definition"]["digest"] != held.digest:
        problems.append(Problem("STATEMENT_CHANGED", "the definition does not have the digest that was recorded"))
    if held.item != value["subject"][0]["name"]:
        problems.append(Problem("STATEMENT_CHANGED", "the statement speaks of another item than its definition"))
    recorded = {entry["command"]: entry for entry in predicate["checks"]}
    for check in held.checks:
        entry = recorded.get(check.command)
        if entry is None or entry["kind"] != check.kind:
            problems.append(Problem("STATEMENT_CHANGED", f"no run of `{check.command}` is recorded"))
            continue
        wanted = ("red" if check.kind == "check" else "green", "green")
        if (entry["base"]["outcome"], entry["candidate"]["outcome"]) != wanted:
            problems.append(
                Problem("STATEMENT_CHANGED", f"the recorded runs of `{check.command}` do not prove anything")
            )
    attested = {entry["criterion"] for entry in predicate["attestations"]}
    problems.extend(
        Problem("STATEMENT_CHANGED", f'"{promise.text}" is neither checked nor attested')
        for promise in held.unchecked
        if promise.text not in attested
    )
    if len(recorded) != len(predicate["checks"]):
        problems.append(Problem("STATEMENT_CHANGED", "a command is recorded twice"))
    if predicate["coverage"] != coverage_of(held, bool(attested)):
        problems.append(Problem("STATEMENT_CHANGED", f"the evidence recorded is not {predicate['coverage']!s:.20}"))
    return tuple(problems)


def chain_problems(statements: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, Problem], ...]:
    """(item, problem) for each link that does not hold, oldest statement first."""
    found: list[tuple[str, Problem]] = []
    previous = GENESIS
    for value in statements:
        item = str(value["subject"][0]["name"])
        if value["predicate"]["previous"] != previous:
            message = f"{item} does not follow the statement before it: one was removed, replaced or reordered"
            found.append((item, Problem("CHAIN_BROKEN", message)))
        previous = canonical.digest(value)
    return tuple(found)
