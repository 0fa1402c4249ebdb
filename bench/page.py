"""From samples to docs/PERFORMANCE.md, and to the lines a terminal shows."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field

from bench.limits import GROUPS, Group, Row
from bench.timing import Samples, shown

COMMAND = "make bench"


@dataclass(slots=True)
class Run:
    """Everything one run found out. `peer_missing` says why the peer was not measured, "" when it was."""

    date: str
    samples: Samples = field(default_factory=dict)
    peer: Samples = field(default_factory=dict)
    peer_missing: str = ""
    missing: dict[str, str] = field(default_factory=dict)  # group -> why this machine cannot measure it
    loads: dict[str, str] = field(default_factory=dict)  # group -> load averages before and after

    def verdict(self, row: Row) -> str:
        taken = self.samples.get(row.key)
        if row.limit is None:
            return ""
        if not taken:
            return "not measured"
        best, median = shown(taken)
        best = median if row.typical else best
        return "missed" if best > row.limit else "holds" if median <= row.limit else "holds (min)"

    def missed(self) -> list[Row]:
        """Rows whose fastest run is above the limit, or which failed to be measured."""
        rows = (row for group in GROUPS if group.name not in self.missing for row in group.rows)
        return [row for row in rows if self.verdict(row) in ("missed", "not measured")]


def amount(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def pair(samples: list[float] | None, unit: str = "") -> str:
    """Fastest and median, or the one value there is."""
    values = shown(samples)[: len(samples)] if samples else ()
    return " / ".join(map(amount, values)) + (f" {unit}" if unit else "") if values else "—"


def bound(row: Row) -> str:
    """The limit, "" for none."""
    return "" if row.limit is None else f"{'p50 ' if row.typical else ''}{row.limit:g}"


def machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def line(run: Run, row: Row) -> str:
    limit = f"<= {bound(row)}" if row.limit is not None else ""
    return f"{pair(run.samples.get(row.key), row.unit):>17} {limit:>10} {run.verdict(row):<11}  {row.what}"


def markdown(run: Run) -> str:
    parts = [
        "# Performance\n",
        f"<!-- Written by `{COMMAND}` (bench/). Run it again rather than edit this. -->\n",
        f"Measured {run.date} on a machine of this class: {machine()}; its disk does real fsync. Milliseconds of wall",
        "time where no other unit is named, fastest run / median of the runs. The machine is shared, so a verdict is on the",
        "fastest run; `holds (min)` says that the median was above the limit, `p50` that the limit is the median's. Load averages (1, 5, 15 minutes) stand beside each table. The command exits",
        "with 1 when a limit is missed; no test depends on any time.\n",
        _peer(run),
    ]
    for group in GROUPS:
        if group.name in run.missing:
            parts += [f"\n## {group.title}\n", f"Not measured: {run.missing[group.name]}."]
            continue
        parts += [
            f"\n## {group.title}\n",
            *_table(run, group),
            f"\nLoad before → after: {run.loads.get(group.name, 'unknown')}.{_crowded(run, group)}",
        ]
    return "\n".join([*parts, "", _NOTES])


def _crowded(run: Run, group: Group) -> str:
    """A warning where others wanted more than the machine has: such times are upper bounds."""
    sides = run.loads.get(group.name, "").split(" → ")
    busy = any(float(side.split()[0]) > (os.cpu_count() or 1) for side in sides if side[:1].isdigit())
    return " **More than the cores: others were running; read these times as upper bounds.**" if busy else ""


def _peer(run: Run) -> str:
    if run.peer_missing:
        return f"peer: not measured ({run.peer_missing}); the figures given for it are those published in its study."
    where = run.loads.get("peer", "unknown")
    return f"The peer is open-codining 1.0.6 on Node, its own functions, measured in the same run (load {where})."


def _table(run: Run, group: Group) -> list[str]:
    with_peer = any(row.published is not None for row in group.rows)
    head = "| what | min / median | limit | verdict |" + (
        " peer, same run | peer, published min |" if with_peer else ""
    )
    rows = [head, "|---|--:|--:|---|" + ("--:|--:|" if with_peer else "")]
    for row in group.rows:
        cells = [row.what, pair(run.samples.get(row.key), row.unit), bound(row) or "—", run.verdict(row) or "—"]
        if with_peer:
            cells += [pair(run.peer.get(row.key)), f"{row.published:g}" if row.published is not None else "—"]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


_NOTES = """\
## How it is done

- The backlog is ten lines for each item, French, 2.85 MB for 10,000; half of it delivered, every third item with two
  dependencies. Peer and Echelon read the same bytes.
- *Parse* is one call on the text in memory, in a warm process, for both. Echelon's parse also keeps spans and findings.
- *Start + close* is three requests as the engine serves them - start, the verdict with its evidence record, the end -
  each with lock, read, decide, compare, log, fsync, apply; running the checks is not in it. The peer's is its own start
  and close tool function, which keep no evidence, lock nothing and sync nothing.
- *Journal*: every append is a transaction of its own with an operation record, and survives power loss. The peer's are not synced.
- *What agents are made to read* is a count and the same on every machine: `python -m bench tokens` prints it, and
  tests/repo/test_tokens.py holds each limit in `make test`. The tokenizer is o200k_base, offline (`rs-bpe`; the npm package
  gpt-tokenizer gives the same numbers). The peer's figures are those of its study; its block was counted as characters by four.
- Commands are run with bytecode compiled, as an installer leaves it.
- *Delivering* is everything but the agent: the check runs twice (base, candidate) in clean checkouts in the sandbox.
- *Inside OpenCode*: the real program, offline, with a scripted model; its own times in whole milliseconds. The kinds of
  start take turns; what is beyond is the time from the first answer to the first session, less the median of that
  without plugins; the workspace's `.opencode` holds what OpenCode itself installs there for any plugin. Tokens are
  characters of system prompt and tools by four, as the peer's figure is counted, without what the same OpenCode sends
  when Echelon is not there. What it leaves out for our agents - its own prompt, tools they may not use - is set against
  them only where "less" is said.
"""
