"""`make reference`: docs/reference and docs/FORMAT.md, written from the tables in the code.

Nothing is said twice: a command, action, code, setting, state or word of the format stands in one table of the
package, and its page here is made from that table. tests/repo/test_reference.py fails when a page is not up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

import click

from docs_format import format_page
from echelon.actions.table import ACTIONS, describe
from echelon.checks.steps import step_to_json, steps_from_json
from echelon.cli.commands.export import schema as export_schema
from echelon.cli.main import BUG, COMMANDS, DONE, INTERRUPTED, REFUSED, USAGE, group
from echelon.core import codes, config_schema, states
from echelon.core.config import PATHS, SETTINGS, Setting
from echelon.core.documents.grammar import MARKER_OF, State
from echelon.core.model import Reason

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written by `make reference` from the tables in the code. Change the table, not this file. -->\n"

EXITS = {
    DONE: "done",
    REFUSED: "refused or blocked; the reason and the next step are on stderr",
    USAGE: "the command line is wrong",
    BUG: "a mistake of Echelon's; the path of the crash log is shown",
    INTERRUPTED: "interrupted or stopped; `echelon deliver` goes on where it was",
}
GROUPS = {
    "_REFUSALS": ("Refusals", "The ordinary answer to a request that may not be. All reasons are named at once."),
    "_VERIFY": ("Proof that does not hold", "What `echelon verify` says of a statement or a record."),
    "_FINDINGS": ("Findings", "What `echelon doctor` shows, with file, line and column."),
    "_FAULTS": ("Faults", "A broken input or a broken world."),
    "_STORE": ("Files and the operation log", "What the store says."),
    "_SLOTS": ("git, work trees and merges", "What the slots say."),
    "_CHECKS": ("Checks, sandboxes and set-up steps", "What runs commands says."),
    "_DOORS": ("Words and folders", "What the commands themselves say."),
    "_HOSTS": ("OpenCode", "What loops, the guard, the bridge and its installation say."),
}
REASONS = {
    "delivered": "evidence closed the item",
    "checks_red": "a check said no on the candidate",
    "could_not_run": "a check could not run: not found, timed out, killed, flooding",
    "weakened": "tests or their configuration were weakened",
    "conflict": "the work conflicts with the base branch; the base is brought into the slot",
    "gave_up": "the agent said it cannot, or left tasks open",
    "asked": "the agent asked a person; the item waits for the answer",
    "crashed": "the program in which the agent runs died",
    "timed_out": "longer than `limits.attemptSeconds`",
    "stopped": "a person stopped the delivery",
    "spec_changed": "the spec or the item's criteria changed since the start",
    "nothing_changed": "the candidate is the same tree as the base, or the turns changed nothing",
    "not_attested": "a criterion without a check was not attested",
    "failed": "a person or an agent gave the item up",
    "suspended": "the item was put aside",
    "rework": "a person sent the work back with comments; it counts for no step of the ladder",
    "escaped": "something outside of the slot changed, or the slot holds what cannot be merged",
}
STEPS = (
    ([{"link": ".venv"}], "The checkout gets a link to the workspace's own folder or file; checks can read it only."),
    ([{"copy": ".env.test"}], "The checkout gets a copy."),
    (
        [{"run": "npm ci", "produces": ["node_modules"], "key": ["package-lock.json", "package.json"]}],
        (
            "The command makes the paths `produces`. It runs once for each content of the files `key`, with the network "
            "open, on the files of the base; what it made is kept and put into every checkout with the same key."
        ),
    ),
)


def cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join('---' for _ in head)}|"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------------------------------------------- pages


def commands_page() -> str:
    rows = [f"# Commands\n\n{NOTE}\nEvery command works from any folder below the one that holds `.opencode`.\n"]
    context = click.Context(group, info_name="echelon")
    for name, short in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None, name
        usage = " ".join(command.collect_usage_pieces(click.Context(command, info_name=name)))
        rows.append(f"## echelon {name}\n\n{short}\n\n    echelon {name} {usage}\n")
        if command.help and command.help != short:
            rows.append(f"{command.help}\n")
        rows.append(table(("word", "values", "means"), [parameter(entry) for entry in command.params]))
    rows.append("## Exit codes\n\n" + table(("code", "means"), [(f"`{code}`", text) for code, text in EXITS.items()]))
    rows.append("With `--json` a command prints one JSON document on stdout and nothing else; errors go to stderr.\n")
    return "\n".join(rows)


def parameter(entry: click.Parameter) -> tuple[str, str, str]:
    kind = entry.type
    values = ", ".join(f"`{value}`" for value in kind.choices) if isinstance(kind, click.Choice) else ""
    if isinstance(kind, click.IntRange):
        values = f"{kind.min} to {kind.max}"
    if not isinstance(entry, click.Option):
        shown = entry.make_metavar(click.Context(click.Command("x")))
        return f"`{shown}`", values, ARGUMENTS[entry.name or ""]
    words = ", ".join(f"`{word}`" for word in entry.opts) + (f" `{entry.metavar}`" if entry.metavar else "")
    default = f" Default: `{entry.default}`." if entry.show_default and entry.default is not None else ""
    return words, values, (entry.help or "") + default


ARGUMENTS = {
    "brief": "What is wanted, in a few words; it stands above the questions and in the form.",
    "action": "Name of the action, see [actions](actions.md).",
    "host": "The program to put it into: `opencode`.",
    "folder": "Where to put the example: a folder that is empty or does not exist. A temporary one when left out.",
    "items": "Ids of items, such as `B001`; all when left out.",
    "words": (
        "A setting such as `limits.attempts`, or a group such as `limits`; every one when left out. `set KEY VALUE`: VALUE is "
        "JSON, and a text needs no quotes of its own."
    ),
    "path": "A file or folder of tasks, or `-` for what comes in by a pipe, such as `gh issue list --json …`.",
    "operation": "Id of the operation, as `echelon log` shows it; the newest that can be undone when left out.",
}


def actions_page() -> str:
    intro = (
        "One table of actions, many doors: `echelon call`, and the tools of agents in OpenCode. A person calls one as\n"
        '`echelon call NAME --json \'{"argument": "value"}\'`; arguments that are not known are refused.\n\n'
        "`changes` tells whether it may write; an action that only looks can run beside a delivery.\n"
    )
    rows = [f"# Actions\n\n{NOTE}\n{intro}"]
    for action in ACTIONS.values():
        rows.append(f"## {action.name}\n\n{action.doc}\n")
        rows.append(f"Level: {action.level}. For: {action.callers}. Changes: {'yes' if action.changes else 'no'}.\n")
        found = describe(action)
        if found:
            shown = [
                (f"`{name}`", f"`{kind}`", "yes" if required else "no", doc) for name, kind, required, doc in found
            ]
            rows.append(table(("argument", "type", "required", "means"), shown))
        else:
            rows.append("It takes no arguments.\n")
    return "\n".join(rows)


def codes_page() -> str:
    rows = [f"# Codes\n\n{NOTE}\nEvery refusal, finding and fault has one of these codes. The list is closed.\n"]
    for name, (title, intro) in GROUPS.items():
        entries: dict[str, codes.Code] = vars(codes)[name]
        rows.append(f"## {title}\n\n{intro}\n")
        rows.append(
            table(
                ("code", "means", "next step"),
                [(f"`{code}`", row.meaning, row.next_step) for code, row in entries.items()],
            )
        )
    return "\n".join(rows)


def values_of(setting: Setting) -> str:
    if setting.kind == "choice":
        return ", ".join(f"`{word}`" for word in setting.choices)
    if setting.kind in ("number", "count"):
        top = "" if setting.most == float("inf") else f" to {setting.most:.15g}"
        return f"{setting.least:.15g}{top or ' or more'}"
    return {"boolean": "`true`, `false`", "json": "JSON", "text": "text"}[setting.kind]


def default_of(setting: Setting) -> str:
    if setting.kind == "boolean":
        return "`true`" if setting.default else "`false`"
    if setting.kind == "json":
        return "`[]`" if setting.default == () else "`{}`"
    return f"`{setting.default}`" if setting.default != "" else "—"


def settings_page() -> str:
    import json

    intro = (
        f"`{PATHS[0]}`, or `{PATHS[1]}` when that is not there. JSON with comments and trailing commas. A key with a\n"
        'dot is nested: `limits.attempts` is written `"limits": {"attempts": 3}`. An unknown key or a wrong value is an\n'
        "error with its line, shown by `echelon config` and `echelon doctor`; nothing is delivered until it is mended.\n\n"
        "`echelon config` shows each value and where it was said; `echelon config set KEY VALUE` changes one and leaves every\n"
        "other byte of the file alone. For an editor: `echelon config --schema > .opencode/orchestrator.schema.json`, and\n"
        '`"$schema": "./orchestrator.schema.json"` in the file. The same schema is [here](orchestrator.schema.json).\n\n'
        "The keys of open-codining (`webConsole`, `steering`) may also lie below `orchestrator`. Where both files are there,\n"
        "the first one counts, whole, and doctor says so. An environment variable goes before the file:\n\n"
        + table(("variable", "setting"), [(f"`{row.variable}`", f"`{row.key}`") for row in SETTINGS if row.variable])
        + "\nOn: `1`, `true`, `on`, `yes`; off: `0`, `false`, `off`, `no`; empty says nothing; anything else is an error.\n"
    )
    shown = [(f"`{row.key}`", values_of(row), default_of(row), row.doc) for row in SETTINGS]
    rows = [f"# Settings\n\n{NOTE}\n{intro}", table(("key", "values", "default", "means"), shown)]
    rows.append(
        "## Set-up steps\n\nWhat a clean checkout needs before checks can run in it. `echelon init` finds and\n"
    )
    rows[-1] += "writes them: the workspace's own `.venv` or `node_modules` where there is one, else a command.\n"
    for value, text in STEPS:
        (step,) = steps_from_json(value, "$.setup")
        rows.append(f"    {json.dumps(step_to_json(step))}\n\n{text}\n")
    return "\n".join(rows)


def states_page() -> str:
    marks = [(f"`[{MARKER_OF[state]}]`", state.value) for state in State]
    rows = [
        f"# States\n\n{NOTE}\nWhat is not in these tables is refused (`TRANSITION_REFUSED`).\n",
        "## Items\n",
        table(("marker", "state"), marks),
        diagram([(before.value, asked, after.value) for (before, asked), after in states.ITEM.items()], "pending"),
        table(
            ("state", "asked", "state afterwards"),
            [(before.value, f"`{asked}`", after.value) for (before, asked), after in states.ITEM.items()],
        ),
        "A failed item is brought back by a person who sets its marker to `[ ]` in the file.\n",
        "## Missions\n\nThe phases of an item in flight.\n",
        diagram([(before, what, after or "over") for (before, what), after in states.MISSION.items()], "working"),
        table(
            ("phase", "what happened", "phase afterwards"),
            [(before, f"`{what}`", after or "over") for (before, what), after in states.MISSION.items()],
        ),
        "## Attempts\n\nEvery attempt ends with one of these reasons; they stand in `.opencode/echelon/attempts.jsonl`.\n",
        table(("reason", "means"), [(f"`{reason}`", REASONS[reason]) for reason in get_args(Reason)]),
    ]
    return "\n".join(rows)


def diagram(edges: Sequence[tuple[str, str, str]], first: str) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    lines += [f"    {before} --> {after}: {label}" for before, label, after in edges]
    return "\n".join([*lines, "```", ""])


PAGES = {
    "docs/reference/commands.md": commands_page,
    "docs/reference/actions.md": actions_page,
    "docs/reference/codes.md": codes_page,
    "docs/reference/settings.md": settings_page,
    "docs/reference/states.md": states_page,
    "docs/reference/orchestrator.schema.json": config_schema.text,
    "src/echelon/orchestrator.schema.json": config_schema.text,
    "docs/reference/export.schema.json": export_schema,
    "docs/FORMAT.md": lambda: format_page(NOTE, table),
}


def main() -> int:
    for path, page in PAGES.items():
        file = ROOT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = page()
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
            sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
