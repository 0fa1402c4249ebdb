"""echelon doctor"""

from __future__ import annotations

import contextlib
from typing import Any

import click

from echelon.bridge.liveness import EXPECTED
from echelon.cli import health, opening, render
from echelon.core.codes import CODES
from echelon.core.recovery import Placed
from echelon.engine import doctor
from echelon.errors import EchelonError


@click.command(
    name="doctor",
    help="Every finding: place, code, what it means, what repair would do. --repair mends what can be mended without loss.",
)
@click.option("--repair", is_flag=True, help="Do the repairs; one operation, so undo takes them back.")
@click.option("--dry-run", is_flag=True, help="With --repair: say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option(
    "--opencode", is_flag=True, help="Try the hooks on the installed OpenCode, offline, in a home of its own (10 s)."
)
def command(repair: bool, dry_run: bool, as_json: bool, opencode: bool) -> int:
    if opencode:
        return _trial()
    engine = opening.engine()
    written: tuple[str, ...] = ()
    if repair and not dry_run:
        done = doctor.repair(engine)
        found, written = done.after, done.written
    else:
        found = doctor.examine(engine)
    seen = health.look(str(engine.workspace.config["opencode.path"]), engine.workspace.places)
    found = (*found, *seen.findings)
    errors = sum(1 for finding in found if finding.severity == "error")
    if as_json:
        render.document(
            {"ok": not errors, "findings": [finding_json(finding) for finding in found], "written": list(written)}
        )
        return 1 if errors else 0
    if seen.summary:
        render.say(seen.summary)
    for path in written:
        render.say(f"repaired {path}")
    for finding in found:
        if finding.repair or not (repair and dry_run):
            render.say(line(finding))
    warnings = sum(1 for finding in found if finding.severity == "warning")
    render.say(
        f"{errors} error(s), {warnings} warning(s), {len(found) - errors - warnings} note(s)"
        if found
        else "nothing to report"
    )
    return 1 if errors else 0


def _trial() -> int:
    """Needs no workspace: it is about the OpenCode of this machine."""
    configured = ""
    with contextlib.suppress(EchelonError):
        configured = str(opening.workspace().config["opencode.path"])
    silent = health.trial(configured, render.say)
    if silent:
        render.complain(
            f"HOOKS_SILENT: these hooks did not fire: {', '.join(silent)}. Next: {CODES['HOOKS_SILENT'].next_step}"
        )
        return 1
    render.say(f"all {len(EXPECTED)} hooks fire: {', '.join(EXPECTED)}")
    return 0


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
