"""echelon doctor"""

from __future__ import annotations

from typing import Any

import click

from echelon.cli import opening, render
from echelon.core.recovery import Placed
from echelon.engine import doctor


@click.command(
    name="doctor",
    help="Every finding: place, code, what it means, what repair would do. --repair mends what can be mended without loss.",
)
@click.option("--repair", is_flag=True, help="Do the repairs; one operation, so undo takes them back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(repair: bool, as_json: bool) -> int:
    engine = opening.engine()
    written: tuple[str, ...] = ()
    if repair:
        done = doctor.repair(engine)
        found, written = done.after, done.written
    else:
        found = doctor.examine(engine)
    errors = sum(1 for finding in found if finding.severity == "error")
    if as_json:
        render.document(
            {"ok": not errors, "findings": [finding_json(finding) for finding in found], "written": list(written)}
        )
        return 1 if errors else 0
    for path in written:
        render.say(f"repaired {path}")
    for finding in found:
        render.say(line(finding))
    warnings = sum(1 for finding in found if finding.severity == "warning")
    render.say(
        f"{errors} error(s), {warnings} warning(s), {len(found) - errors - warnings} note(s)"
        if found
        else "nothing to report"
    )
    return 1 if errors else 0


def line(finding: Placed) -> str:
    place = finding.path + (f":{finding.line}:{finding.column}" if finding.line else "")
    repair = f"--repair would {finding.repair}" if finding.repair else finding.next_step
    return f"{place or 'workspace'}: {finding.severity}: [{finding.code}] {finding.message}\n    {finding.meaning} → {repair}"


def finding_json(finding: Placed) -> dict[str, Any]:
    return {
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "meaning": finding.meaning,
        "repair": finding.repair,
        "next": finding.next_step,
    }
