"""The tests of the base against those of the candidate. What each finding stands for:

- `fewer_tests`: a test removed, commented out, emptied of its parameters, put where its runner does not look;
- `test_deleted`: a whole file of tests gone, also together with the code that it tested: code cannot know that nobody
  needs the feature any more, a person can; `test_renamed`: the tests are still there under a name no runner collects;
- `fewer_assertions`: an assertion removed, made vague (`== 3` to truth), or put where it need not run;
- `new_skip`, `focused`, `tautology`, `swallowed`, `runner_config`: marks of the readers that the base does not have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from echelon.core.weakening.model import Count, Kind, Mark, Scan, Test, Weakening, collected, finding, testish
from echelon.core.weakening.pairing import Pair, Surplus, pair

LISTED = 5  # names of lost tests in one finding


def compare_tests(before: Mapping[str, Scan], after: Mapping[str, Scan], new: Mapping[str, str]) -> Iterator[Weakening]:
    """Findings in no order. `new` is the candidate's text of every file that differs, whether it holds tests or not."""
    fresh = _tests(after)
    pairs = pair(_tests(before), fresh)
    blamed = list(_new_marks(before, after, pairs))
    for path, mark in blamed:
        owner = mark.owner.split("\0")[0] or "the file"
        yield finding(path, mark.line, mark.kind, f"{owner}: {mark.what}")
    # What a test swallows it does not assert either; one finding says so.
    swallowed = {(path, mark.owner) for path, mark in blamed if mark.kind == "swallowed"}
    surplus = Surplus.of(pairs, fresh)
    for place, (test, partner) in enumerate(pairs):
        if partner:
            yield from _fewer_cases(test, partner, surplus, place / len(pairs))
            if (partner.path, partner.name) not in swallowed:
                yield from _weaker(test, partner, surplus)
    alone = [test for test, partner in pairs if not partner]
    gone: dict[str, list[Test]] = {}
    for place, test in enumerate(alone):
        if surplus.take_assertions(test.strict) or surplus.take_cases(test, test.known_cases, place / len(alone)):
            continue
        gone.setdefault(test.path, []).append(test)
    for path, tests in gone.items():
        yield _lost(path, tests, new, after)
    for path, scan in after.items():
        if scan.broken and collected(path) and path in before and not before[path].broken:
            yield finding(path, 1, "fewer_tests", "the file can no longer be read, so none of its tests can run")


def _tests(side: Mapping[str, Scan]) -> list[Test]:
    return [test for path, scan in side.items() if collected(path) for test in scan.tests.values()]


def _fewer_cases(old: Test, new: Test, surplus: Surplus, share: float) -> Iterator[Weakening]:
    lost = 0 if new.cases is None else old.known_cases - new.cases
    if lost > 0 and not surplus.take_cases(old, lost, share):
        detail = f"{new.name}: {old.cases} cases before, {new.cases} now"
        yield finding(new.path, new.line, "fewer_tests", detail)


def _weaker(old: Test, new: Test, surplus: Surplus) -> Iterator[Weakening]:
    """Assertions may become parameters, so cases count; they must then be of the same sorts."""
    before, after = (Count().plus(test.count, test.known_cases) for test in (old, new))
    same_sorts = set(old.loose) <= set(new.loose)
    fewer = after.total < before.total or (new.count.total < old.count.total and not same_sorts)
    vaguer = after.exact < before.exact
    if not (fewer or vaguer) or surplus.take_assertions(old.strict - new.strict):
        return
    what = "assertions surely ran" if fewer else "exact comparisons"
    had, has = (old.count.total, new.count.total) if fewer else (old.count.exact, new.count.exact)
    yield finding(new.path, new.line, "fewer_assertions", f"{new.name}: {had} {what} before, {has} now")


def _lost(path: str, tests: Sequence[Test], new: Mapping[str, str], after: Mapping[str, Scan]) -> Weakening:
    names = {test.name.split(".")[-1] for test in tests}
    listed = ", ".join(sorted(names)[:LISTED]) + (", …" if len(names) > LISTED else "")
    for place, scan in after.items():
        if not collected(place) and names & {name.split(".")[-1] for name in scan.tests}:
            return finding(place, 1, "test_renamed", f"tests of {path} are where no runner looks for them: {listed}")
    kind: Kind = "fewer_tests" if path in new else "test_deleted"
    return finding(path, tests[0].line, kind, f"tests are gone: {listed}")


def _new_marks(
    before: Mapping[str, Scan], after: Mapping[str, Scan], pairs: Sequence[Pair]
) -> Iterator[tuple[str, Mark]]:
    """Marks that the base does not have as often for the same owner, renamed and moved owners followed."""
    names = {(new.path, new.name): old.name for old, new in pairs if new}
    known = {owner for scan in before.values() for owner in [*scan.tests, *(mark.owner for mark in scan.marks)]}
    had = Counter((mark.kind, mark.owner) for scan in before.values() for mark in scan.marks)
    for path, scan in after.items():
        for mark in scan.marks if testish(path) else ():
            owner = names.get((path, mark.owner), mark.owner)
            had[mark.kind, owner] -= 1
            if had[mark.kind, owner] < 0 and not (mark.excused_when_new and mark.owner and owner not in known):
                yield path, mark
