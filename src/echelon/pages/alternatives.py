"""Each picture in words: what somebody who cannot see it, or does not run scripts, needs of it. Plain text, not escaped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from echelon.core.charts.gantt import Gantt
from echelon.core.charts.gauges import BurnUp, Capacity, Coverage
from echelon.core.charts.portfolio import COVERAGES, STATES, Portfolio
from echelon.core.charts.tree import Tree
from echelon.pages.words import Words

NAMES_MAX = 30  # of a path, or shares, in one sentence


def counts(portfolio: Portfolio, say: Words) -> str:
    found = {state: sum(project.counts[state] for project in portfolio.projects()) for state in STATES}
    return say("counts", total=sum(found.values()), **found)


def evidence(found: Coverage, say: Words) -> str:
    return say("evidence_counts", **dict(zip(COVERAGES, found.total, strict=True)))


def portfolio_tree(portfolio: Portfolio, found: Tree, say: Words) -> str:
    projects = list(portfolio.projects())
    sizes = [
        f"{count} {say(word)}"
        for count, word in (
            (sum(1 for program in portfolio.programs if program.key), "programs"),
            (sum(1 for project in projects if project.key), "projects"),
            (sum(sum(project.counts.values()) for project in projects), "items"),
        )
        if count
    ]
    coarse = () if found.grain == "items" else (say(f"grain_{found.grain}"),)
    return " ".join([", ".join(sizes) + "." if sizes else say("empty"), counts(portfolio, say) + ".", *coarse])


def capacity(found: Capacity, say: Words) -> str:
    shares = [say("share", row.key or say("rest"), row.slots, row.used) for row in found.shares[:NAMES_MAX]]
    left = [say("shares_out", found.shares_left_out)] if found.shares_left_out else []
    return " ".join([say("slots", found.used, found.budget), *(["; ".join(shares) + "."] if shares else []), *left])


def gantt(found: Gantt, say: Words) -> str:
    if not found.bars:
        return say("empty")
    first, last = min(bar.start for bar in found.bars), max(bar.end for bar in found.bars)
    path = say("path", lasting(found.took), _listed(found.critical, " → ")) if found.critical else say("no_path")
    said = [say("bars", len(found.bars), len(found.lanes), time(first), time(last)), path]
    said += [say("lanes_out", found.lanes_left_out)] if found.lanes_left_out else []
    said += [say("bars_out", found.bars_left_out)] if found.bars_left_out else []
    return " ".join(said)


def coverage(found: Coverage, say: Words) -> str:
    left = [say("rows_out", found.rows_left_out)] if found.rows_left_out else []
    return " ".join([evidence(found, say) + ".", *left])


def burn_up(found: BurnUp, say: Words) -> str:
    said = [say("burned", found.delivered, found.total)]
    if found.steps:
        said.append(f"{time(found.steps[0][0])} → {time(found.steps[-1][0])}.")
    return " ".join([*said, *([say("undated", found.undated)] if found.undated else [])])


def _listed(names: Iterable[str], between: str) -> str:
    shown = list(names)
    return between.join([*shown[:NAMES_MAX], *(["…"] if len(shown) > NAMES_MAX else [])])


def time(moment: int) -> str:
    """Milliseconds -> `2026-01-05 09:00`, UTC. Moments come from `portfolio.moment` and are in the range of datetime."""
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def lasting(milliseconds: int) -> str:
    """`3 d 4 h`, `2 h 5 min`, `1 min 30 s`, `12 s`: two units are enough to read."""
    seconds = milliseconds // 1000
    parts = [(seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count or first == len(parts) - 1)
