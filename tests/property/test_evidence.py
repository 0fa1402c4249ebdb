"""Evidence (reliability.md R14): no byte of a statement can change unseen; the verdict is exactly its truth table."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import proofs
import texts
import worlds
from echelon.core import canonical, evidence, evidence_log, requests
from echelon.core.documents.criteria import Check
from echelon.core.evidence import Attestation, CheckResult, Definition, Promise
from echelon.core.model import EVIDENCE

CHECK, GUARD = Check("check", "pytest -q tests/test_a.py"), Check("guard", "make lint")
DEFINITION = Definition(
    "B001",
    "Écran — login",
    (Promise("passes", CHECK), Promise("stays", GUARD), Promise("reads well", None)),
    (),
    "base",
)
READS_WELL = Attestation("reads well", "person", "I read it", "w" * 40)


def good(definition: Definition) -> list[CheckResult]:
    return [
        CheckResult(one, worlds.run("red" if one.kind == "check" else "green"), worlds.run())
        for one in definition.checks
    ]


def chain(count: int) -> list[dict[str, object]]:
    """Statements of `count` items, each naming the one before."""
    found: list[dict[str, object]] = []
    previous = evidence.GENESIS
    for number in range(1, count + 1):
        held = Definition(f"B{number:03d}", f"Titre {number}", DEFINITION.criteria, (), "base")
        value = evidence.statement(
            held, tree=f"{number:040x}", base_commit=f"{number + 500:040x}", base_tree=f"{number - 1:040x}", results=good(held),
            attestations=[READS_WELL], coverage="proved", environment="e" * 64, mission=f"B{number:03d}.1", previous=previous,
        )  # fmt: skip
        found.append(value)
        previous = canonical.digest(value)
    return found


CHAIN = chain(6)
MESSAGES = [evidence.merge_message(value, f"Titre {number}", 3) for number, value in enumerate(CHAIN, 1)]


def noticed(messages: list[str]) -> bool:
    """What `echelon verify` would say about these commits, oldest first."""
    read = [evidence.read_message(message) for message in messages]
    values = [value for value, _ in read if value is not None]
    return any(problems for _, problems in read) or bool(evidence.chain_problems(values))


def test_the_reference_chain_holds() -> None:
    assert not noticed(MESSAGES)
    assert [evidence.read_message(message)[0] for message in MESSAGES] == CHAIN
    assert evidence.read_message("fix: a typo\n\nexplain the Echelon-Evidence: and Echelon-Statement: lines") == (
        None,
        (),
    )


# ---------------------------------------------------------------------------------------------- tampering


@pytest.mark.parametrize("number", [0, 2, 5])
def test_no_byte_of_the_trailers_changes_unseen(number: int) -> None:
    raw = MESSAGES[number].encode()
    start = raw.index(b"Echelon-Item: ") - 1  # the line end before them belongs to them
    masks = range(1, 256) if proofs.LONG else (0x01, 0x80)
    for at, mask in itertools.product(range(start, len(raw)), masks):
        flipped = raw[:at] + bytes([raw[at] ^ mask]) + raw[at + 1 :]
        value, problems = evidence.read_message(flipped.decode("utf-8", "surrogateescape"))
        assert problems, (at, mask, value, raw[max(0, at - 20) : at + 20])


@pytest.mark.parametrize("number", range(len(MESSAGES) - 1))
def test_a_statement_that_is_removed_is_missed(number: int) -> None:
    assert noticed([*MESSAGES[:number], "another subject\n", *MESSAGES[number + 1 :]])


def test_order_replay_swap_and_truncation_are_noticed() -> None:
    for order in itertools.permutations(range(4)):
        assert noticed([MESSAGES[at] for at in order]) == (order != (0, 1, 2, 3))
    for older, at in itertools.product(range(5), range(6)):
        assert noticed([*MESSAGES[:at], MESSAGES[older], *MESSAGES[at:]])
    for a, b in itertools.combinations(range(6), 2):
        heads, tails = zip(*(message.split("\n\nEchelon-Item", 1) for message in MESSAGES), strict=True)
        lines_a = evidence.canonical.dumps(CHAIN[a])
        swapped = list(MESSAGES)
        swapped[b] = MESSAGES[b].replace(evidence.canonical.dumps(CHAIN[b]), lines_a)
        assert noticed(swapped)
        swapped[b] = f"{heads[b]}\n\nEchelon-Item{tails[a]}"
        assert noticed(swapped)
    trailers = len(MESSAGES[3]) - MESSAGES[3].index("Echelon-Evidence")
    for length in range(trailers + 1, 1, -37):
        assert noticed([*MESSAGES[:3], MESSAGES[3][:-length], *MESSAGES[4:]])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("subject", 0, "name"), "B002"),
        (("subject", 0, "digest"), {}),
        (("predicate", "definition", "criteria", 0, "check", "command"), "true"),
        (("predicate", "definition", "criteria"), []),
        (("predicate", "definition", "digest"), "0" * 64),
        (("predicate", "checks", 0, "candidate", "outcome"), "red"),
        (("predicate", "checks", 0, "base", "outcome"), "green"),
        (("predicate", "checks", 1, "base", "outcome"), "red"),
        (("predicate", "checks", 0, "kind"), "guard"),
        (("predicate", "checks"), []),
        (("predicate", "attestations"), []),
        (("predicate", "coverage"), "guarded"),
        (("predicate", "base"), {}),
        (("predicate", "checks", 0, "base", "seconds"), float("inf")),
        (("predicate", "checks", 0, "candidate", "seconds"), float("nan")),
        (("subject",), []),
        (("predicate",), 7),
    ],
)
def test_a_statement_forged_with_a_fresh_digest_contradicts_itself(path: tuple[str | int, ...], value: object) -> None:
    """A forger who also writes the digest anew still has to make it agree with itself."""
    forged = json.loads(json.dumps(CHAIN[0]))
    spot = forged
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value
    try:
        message = evidence.merge_message(forged, "t", 1)
    except (KeyError, TypeError, ValueError, IndexError):
        text = json.dumps(forged, sort_keys=True, separators=(",", ":"))
        message = f"B001: t\n\nEchelon-Item: B001\nEchelon-Coverage: proved\nEchelon-Evidence: sha256:{'0' * 64}\nEchelon-Statement: {text}\n"
    assert evidence.read_message(message)[1]


def test_two_statements_in_one_commit_are_noticed() -> None:
    assert evidence.read_message(MESSAGES[0] + MESSAGES[1])[1]
    twice = json.loads(json.dumps(CHAIN[0]))
    red = {**twice["predicate"]["checks"][0], "candidate": {"outcome": "red"}}
    twice["predicate"]["checks"].insert(0, red)
    assert evidence.read_message(evidence.merge_message(twice, "t", 1))[1]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("predicate", "subject", "name", "definition", "x")), inner)
    ),
)


@given(st.one_of(texts.anything, _JSON.map(json.dumps)))
@example("[" * 100_000)
@example('{"predicate": {"definition": ' + "9" * 5000 + "}}")
def test_reading_a_message_is_total(text: str) -> None:
    for statement in (text, "{" + text + "}"):
        message = f"s\n\nEchelon-Evidence: sha256:{'0' * 64}\nEchelon-Statement: {statement}\n"
        _, problems = evidence.read_message(message)
        assert problems
    evidence.read_message(text)


def test_no_byte_of_the_evidence_log_changes_unseen() -> None:
    log = ""
    for value in CHAIN[:3]:
        line, digest = evidence_log.line(
            log or None, "closing", "2026-01-01T00:00:00.000Z", {"statement": value["subject"]}
        )
        assert json.loads(line)["digest"] == digest
        log += line
    assert not evidence_log.read(log)[1]
    raw = log.encode()
    for at, mask in itertools.product(range(len(raw) - 1), (0x01, 0x20, 0x80)):  # its last LF says nothing
        flipped = raw[:at] + bytes([raw[at] ^ mask]) + raw[at + 1 :]
        assert evidence_log.read(flipped.decode("utf-8", "surrogateescape"))[1], (at, mask)
    rows = log.splitlines(keepends=True)
    for order in itertools.permutations(range(3)):
        assert bool(evidence_log.read("".join(rows[at] for at in order))[1]) == (order != (0, 1, 2))
    assert evidence_log.read(rows[0] + rows[2])[1]
    assert evidence_log.read(log + rows[1])[1]


@given(texts.anything)
def test_reading_the_log_is_total(text: str) -> None:
    evidence_log.read(text)


# ------------------------------------------------------------------------------------------------ verdict

OUTCOMES = ("green", "red", "could_not_run")
# (kind, base, candidate) -> the codes of the verdict; a cell that is not here closes
REFUSED = {
    ("check", "green", "green"): ["CHECK_GREEN_ON_BASE"],
    ("check", "green", "red"): ["CHECK_RED", "CHECK_GREEN_ON_BASE"],
    ("check", "green", "could_not_run"): ["CHECK_COULD_NOT_RUN", "CHECK_GREEN_ON_BASE"],
    ("check", "red", "red"): ["CHECK_RED"],
    ("check", "red", "could_not_run"): ["CHECK_COULD_NOT_RUN"],
    ("check", "could_not_run", "green"): ["CHECK_COULD_NOT_RUN"],
    ("check", "could_not_run", "red"): ["CHECK_RED", "CHECK_COULD_NOT_RUN"],
    ("check", "could_not_run", "could_not_run"): ["CHECK_COULD_NOT_RUN", "CHECK_COULD_NOT_RUN"],
    ("guard", "green", "red"): ["CHECK_RED"],
    ("guard", "green", "could_not_run"): ["CHECK_COULD_NOT_RUN"],
    ("guard", "red", "green"): ["GUARD_RED_ON_BASE"],
    ("guard", "red", "red"): ["CHECK_RED", "GUARD_RED_ON_BASE"],
    ("guard", "red", "could_not_run"): ["CHECK_COULD_NOT_RUN", "GUARD_RED_ON_BASE"],
    ("guard", "could_not_run", "green"): ["CHECK_COULD_NOT_RUN"],
    ("guard", "could_not_run", "red"): ["CHECK_RED", "CHECK_COULD_NOT_RUN"],
    ("guard", "could_not_run", "could_not_run"): ["CHECK_COULD_NOT_RUN", "CHECK_COULD_NOT_RUN"],
}
CELLS = list(itertools.product(("check", "guard"), OUTCOMES, OUTCOMES))


def verdict(definition: Definition, results: list[CheckResult], **changes: object) -> evidence.Verdict:
    values = {"attestations": (), "changed": True, "policy": "proved", **changes}
    attestations = values.pop("attestations")
    return evidence.judge(definition, results, attestations, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("claimed", ["check", "guard"], ids=lambda kind: f"run as {kind}")
@pytest.mark.parametrize(("kind", "base", "candidate"), CELLS)
def test_every_cell_of_the_verdict(kind: str, base: str, candidate: str, claimed: str) -> None:
    """The kind is the definition's, whatever the run says that it was run as."""
    check = Check("check" if kind == "check" else "guard", "run it")
    held = Definition("B001", "t", (Promise("words", check),), (), "base")
    run = CheckResult(
        Check("check" if claimed == "check" else "guard", "run it"),
        worlds.run(base),
        worlds.run(candidate, tail="the end"),
    )
    found = verdict(held, [run])
    assert [problem.code for problem in found.problems] == REFUSED.get((kind, base, candidate), [])
    assert found.coverage == ("proved" if kind == "check" else "guarded")
    assert found.closes == ((kind, base, candidate) in {("check", "red", "green"), ("guard", "green", "green")})
    if candidate != "green":
        assert '"words"' in found.problems[0].message  # names the criterion and shows how its output ended
        assert "the end" in found.problems[0].message


@pytest.mark.parametrize(
    ("kind", "before", "after", "code"),
    [
        ("check", None, (3, 0, 0), ""), ("check", (9, 1, 0), (3, 0, 0), ""), ("check", None, (0, 0, 0), "NO_TESTS_RAN"),
        ("check", None, (3, 0, 3), "NO_TESTS_RAN"), ("guard", (3, 0, 0), (3, 0, 0), ""), ("guard", (3, 0, 0), (4, 0, 1), ""),
        ("guard", (3, 0, 0), (3, 0, 1), "FEWER_TESTS_RAN"), ("guard", (3, 0, 0), (2, 0, 0), "FEWER_TESTS_RAN"),
        ("guard", None, (2, 0, 0), ""), ("guard", (3, 0, 0), None, "NO_TESTS_RAN"), ("guard", (0, 0, 0), (0, 0, 0), "NO_TESTS_RAN"),
    ],
)  # fmt: skip
def test_counts(kind: str, before: tuple[int, int, int] | None, after: tuple[int, int, int] | None, code: str) -> None:
    check = Check("check" if kind == "check" else "guard", "run")
    held = Definition("B001", "t", (Promise("words", check),), (), "base")
    run = CheckResult(check, worlds.run("red" if kind == "check" else "green", before), worlds.run("green", after))
    assert [problem.code for problem in verdict(held, [run]).problems] == ([code] if code else [])


ALONE = Definition("B001", "t", (Promise("reads well", None),), (), "start")


@pytest.mark.parametrize(
    ("definition", "attested", "policy", "changed", "codes", "coverage"),
    [
        (DEFINITION, True, "proved", True, [], "proved"),
        (DEFINITION, False, "proved", True, ["NOT_ATTESTED"], "proved"),
        (DEFINITION, True, "proved", False, ["NOTHING_CHANGED"], "proved"),
        (ALONE, True, "proved", True, ["NO_CHECKS"], "attested"),
        (ALONE, True, "attested", True, [], "attested"),
        (ALONE, False, "attested", True, ["NOT_ATTESTED"], "none"),
        (ALONE, False, "proved", False, ["NOT_ATTESTED", "NO_CHECKS", "NOTHING_CHANGED"], "none"),
        (
            Definition("B001", "t", (), (Promise("d", CHECK),), "start"),
            True,
            "attested",
            True,
            ["NO_CRITERIA"],
            "attested",
        ),
        (
            Definition("B001", "t", (Promise("s", GUARD),), (Promise("d", CHECK),), "start"),
            False,
            "proved",
            True,
            [],
            "guarded",
        ),
    ],
)
def test_attestations_policies_and_nothing_changed(
    definition: Definition, attested: bool, policy: str, changed: bool, codes: list[str], coverage: str
) -> None:
    attestations = (READS_WELL,) if attested else ()
    found = verdict(definition, good(definition), attestations=attestations, policy=policy, changed=changed)
    assert [problem.code for problem in found.problems] == codes
    assert found.coverage == coverage


def test_a_check_that_was_not_run_and_all_reasons_at_once() -> None:
    found = verdict(DEFINITION, [CheckResult(GUARD, worlds.run("red"), worlds.run("red"))], changed=False)
    assert [problem.code for problem in found.problems] == [
        "CHECK_NOT_RUN", "CHECK_RED", "GUARD_RED_ON_BASE", "NOT_ATTESTED", "NOTHING_CHANGED",
    ]  # fmt: skip


@given(st.permutations(DEFINITION.criteria), st.sampled_from(("base", "start")))
def test_a_definition_is_its_digest(criteria: list[Promise], source: str) -> None:
    again = Definition("B001", DEFINITION.title, tuple(criteria), (), "base" if source == "base" else "start")
    assert (again.digest == DEFINITION.digest) == (tuple(criteria) == DEFINITION.criteria)
    assert evidence.definition_from_json(json.loads(json.dumps(again.as_json()))) == again


def test_two_proofs_made_on_the_same_log_are_chained_one_after_the_other() -> None:
    """Items that close at once: a line that was made before another one came follows that one all the same."""
    made = [evidence_log.line(None, "closing", f"t{number}", {"n": number})[0] for number in (1, 2)]
    log = ""
    for record in made:
        record, digest = evidence_log.following(log, record)
        log += record
    records, problems = evidence_log.read(log)
    assert problems == () and [row["body"]["n"] for row in records] == [1, 2] and records[-1]["digest"] == digest


def test_a_close_is_chained_on_the_log_as_it_is_when_it_is_decided() -> None:
    files = worlds.ask(worlds.two_items(), requests.StartItem(worlds.BASE, "B001"), "2026-07-01T10:00:00.000Z")
    files = worlds.ask(files, requests.Attest("w" * 40, "person", "I read it", "B001"), "2026-07-01T10:01:00.000Z")
    late = worlds.closing(files, "B001")
    other, _ = evidence_log.line(files.get(EVIDENCE), "verification", "t", {"n": 1})
    after = worlds.ask({**files, EVIDENCE: files.get(EVIDENCE, "") + other}, late, "2026-07-01T10:02:00.000Z")
    records, problems = evidence_log.read(after[EVIDENCE])
    assert problems == () and records[-1]["kind"] == "closing"
    assert worlds.world(after).missions[0].evidence == records[-1]["digest"]
