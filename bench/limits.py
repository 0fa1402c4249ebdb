"""What is measured, in the order of the page, and the limits that issues 2 ("Speed"), 3 and 4 name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `limit` None: measured to be known. `published` is the peer's figure where one exists.

    `typical`: the verdict is on the median, where a person waits for it again and again. `unit` "" is milliseconds.
    """

    key: str
    what: str
    limit: float | None = None
    published: float | None = None
    typical: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows measured together, in one process of their own: `bench/<name>.py` has `measure() -> Samples`.

    Where it has `missing() -> str` too, that says why a machine cannot measure it, and the page says so.
    """

    name: str
    title: str
    rows: tuple[Row, ...]


GROUPS = (
    Group(
        "tokens",
        "What agents are made to read, in tokens (o200k_base); the dearest of both languages, of all levels and roles",
        (
            Row("tokens_charter", "charter: how to find things in the steering files", 230, 394, unit="tokens"),
            Row(
                "tokens_block",
                "contract block of a reference item with three criteria and their checks, charter included",
                350,
                452,
                unit="tokens",
            ),
            Row("tokens_block_typical", "… of the median item of the fixture backlog", unit="tokens"),
            Row("tokens_prompt_worker", "prompt of Worker, Planner, Reviewer", 700, 5152, unit="tokens"),
            Row("tokens_prompt_commander", "prompt of Commander", 900, 6578, unit="tokens"),
            Row("tokens_prompt_upper", "prompt of the upper commanders, with their charter", 700, 1367, unit="tokens"),
            Row("tokens_tools", "tools offered to a role", 1200, 10777, unit="tokens"),
            Row(
                "tokens_fixed",
                "everything fixed in a Worker's request beyond the host's own",
                2000,
                20717,
                unit="tokens",
            ),
            Row("tokens_access", "one access to the spec: call and answer of `steering_find`", 500, 935, unit="tokens"),
            Row("tokens_green", "answer of a verdict or close that is green", 60, unit="tokens"),
        ),
    ),
    Group(
        "documents",
        "State of a backlog of 10,000 items",
        (
            Row("parse", "parse the backlog", 60, 32.2),
            Row("start_close", "start + close one item's state, durable", 100, 452),
            Row("start_close_cpu", "… of that processor time"),
            Row("start", "… of that the start"),
            Row("start_tracked", "start, with the definition read from the base commit's backlog"),
            Row("start_close_cold", "start + close in a process of its own"),
            Row("journal", "500 durable journal appends with rotation", 2000, 3477),
            Row("journal_cpu", "… of that processor time"),
        ),
    ),
    Group(
        "allocation",
        "Sharing a budget of 50,000 slots among 1,000 programs",
        (
            Row("allocate_proportional", "`proportional`, demands that all fit, as the peer's study measures", 10, 908),
            Row("allocate_equal", "`equal`, the same", 10, 1099),
            Row("allocate_priority_first", "`priority-first`, the same", 10, 0.4),
            Row(
                "allocate_proportional_wide",
                "`proportional`, ten times the demands, so that most slots are contested",
                10,
            ),
            Row("allocate_equal_wide", "`equal`, the same", 10),
            Row("allocate_priority_first_wide", "`priority-first`, the same", 10),
            Row("explain", "why a program has its share, with every lever tried"),
            Row("allocate_tenth", "`proportional`, ten times the demands, a budget of 5,000"),
            Row("slot_by_slot_tenth", "… one slot at a time, the peer's way, in Python"),
        ),
    ),
    Group(
        "schedule",
        "The list schedule on 200 random dependency graphs, in virtual time",
        (
            Row("makespan_median", "makespan over the lower bound, median", 1.10, unit="times"),
            Row("makespan_worst", "… over (2 - 1/m) times the lower bound, worst", 1.0, unit="times"),
            Row("makespan", "… over the lower bound, each", unit="times"),
        ),
    ),
    Group(
        "commands",
        "Commands, whole process",
        (
            Row("interpreter", "`python -c pass`, for comparison"),
            Row("startup_version", "`echelon --version`, beyond the interpreter", 150),
            Row("startup_help", "`echelon status --help`, beyond the interpreter", 150),
            Row("startup_status", "`echelon status` on an empty workspace, beyond the interpreter", 150),
            Row("status", "`echelon status`, 2,000 items", 300),
            Row("status_json", "`echelon status --json`, 2,000 items"),
            Row("doctor", "`echelon doctor`, 2,000 items"),
            Row("doctor_large", "`echelon doctor`, 10,000 items"),
        ),
    ),
    Group(
        "portfolio",
        "A portfolio of 20 programs with 5 projects with 20 items each",
        (
            Row("portfolio_load", "read all of it, the first time"),
            Row("portfolio_load_again", "… with every file as it was"),
            Row("portfolio_doctor_inside", "every finding of it, in a process that has read it"),
            Row("portfolio_doctor", "`echelon doctor`, whole process", 500),
            Row("portfolio_status", "`echelon status --json`, whole process"),
            Row("portfolio_large_load", "read one of 100 programs (10,000 items), the first time"),
            Row("portfolio_large_status", "its status, in a process that has read it", None, 125),
        ),
    ),
    Group(
        "places",
        "Slots, repository of 5,000 files",
        (
            Row("slot_warm", "open a slot from the warm pool", 100),
            Row("slot_cold", "open a slot with the pool empty"),
            Row("slot_briefed", "open from the pool with state files, set-up steps and guard, as a start does"),
            Row("snapshot", "snapshot after one file changed"),
            Row("candidate", "candidate: merge into the base, computed aside"),
            Row("gate", "gate checkout of a tree that differs in one file"),
            Row("close", "close, work tree back into the pool"),
        ),
    ),
    Group(
        "delivery",
        "Delivering one item, repository of 5,000 files, one trivial check (`grep`)",
        (
            Row("engine_start", "start: decision, slot from the pool, briefing"),
            Row("eight_starts", "8 starts, one after another, pool of 8", 1000),
            Row("eight_closes", "8 closes, one after another, without what the checks themselves take", 2000),
            Row(
                "overhead",
                "an item's start and close together, without what the checks themselves take",
                250,
                typical=True,
            ),
            Row("eight_open", "8 slots open at once from the pool, briefed, one after another"),
            Row("engine_close", "close: snapshot, candidate, check on base and candidate, merge, records, slot back"),
            Row("deliver", "`echelon deliver --item`, whole process"),
            Row("verify", "`echelon verify ITEM`, whole process"),
            Row("verify_records", "`echelon verify --no-run ITEM`, whole process"),
        ),
    ),
    Group(
        "opencode",
        "Inside OpenCode 1.18.33, a model that answers at once",
        (
            Row("idle", "a loop: from the end of a turn to the next prompt, 80 turns", 60, typical=True),
            Row("idle_large", "… in a repository of 5,000 files"),
            Row("call", "a call of `backlog_status` as OpenCode times it, 120 calls", 8, typical=True),
            Row("call_plain", "… of a tool that is JavaScript alone and only answers, by turns with it"),
            Row("call_ratio", "… the one by the other, medians", unit="times"),
            Row("start_plain", "OpenCode's start to its first session, without plugins"),
            Row("start_first", "… of that from its first answer on, which is when plugins are loaded"),
            Row("start_plugin_more", "… beyond that with a plugin that only answers: OpenCode's own part"),
            Row("start_cold_more", "… beyond that with the bridge, which starts the brain", 300, typical=True),
            Row("start_warm_more", "… beyond that with the bridge, the brain running", 300, typical=True),
            Row("memory", "the brain's resident memory after a delivered backlog", 80, unit="MiB"),
            Row(
                "tokens_project",
                "fixed part of a ProjectCommander's request, beyond OpenCode's own",
                3000,
                20717,
                unit="tokens",
            ),
            Row("tokens_mission", "… of a Commander's", 3000, 20717, unit="tokens"),
            Row("tokens_program", "… of a ProgramCommander's", 3000, 20717, unit="tokens"),
            Row("tokens_enterprise", "… of an EnterpriseCommander's", 3000, 20717, unit="tokens"),
            Row("tokens_worker", "… of a Worker's", 2000, 20717, unit="tokens"),
            Row("tokens_own", "… of OpenCode's own agent, with the bridge installed", 0, 20717, unit="tokens"),
            Row("net_project", "… of a ProjectCommander's, less what OpenCode leaves out for it", unit="tokens"),
            Row("net_mission", "… of a Commander's, less that", unit="tokens"),
            Row("net_program", "… of a ProgramCommander's, less that", unit="tokens"),
            Row("net_enterprise", "… of an EnterpriseCommander's, less that", unit="tokens"),
            Row("net_worker", "… of a Worker's, less that", unit="tokens"),
            Row("bytes_project", "… of a ProjectCommander's, in bytes", unit="bytes"),
            Row("bytes_mission", "… of a Commander's, in bytes", unit="bytes"),
            Row("bytes_program", "… of a ProgramCommander's, in bytes", unit="bytes"),
            Row("bytes_enterprise", "… of an EnterpriseCommander's, in bytes", unit="bytes"),
            Row("bytes_worker", "… of a Worker's, in bytes", unit="bytes"),
        ),
    ),
    Group(
        "console",
        "The console: a real Chromium on a real service",
        (
            Row("console_idle_requests", "requests per second of an idle tab", 0.1, 20.8, unit="per s"),
            Row("console_idle_cpu", "processor time of the service meanwhile", 1.0, 37.5, unit="% of a core"),
            Row("console_edit", "an edit in an editor until the page shows it", 100, 356, typical=True),
            Row("console_first", "first view usable, from the link, nothing cached", 500, 470, typical=True),
            Row("console_size", "… transferred for it", 200, 241, unit="kB"),
            Row("console_large", "2,000 items shown", 300, 2170, typical=True),
            Row("console_nodes", "… elements in the page then", 1500, 16084, unit="nodes"),
            Row("console_stream", "requests while text streams at 50 tokens/s", 2.0, 103.8, unit="per s"),
            Row("console_tabs", "20 tabs: the slowest until it shows the backlog"),
            Row("console_end", "the service ends after SIGTERM, three streams open", 2000),
            Row("console_reads_p50", "reads at 50 requests/s, 100 projects x 20 items: p50"),
            Row("console_reads_p99", "… p99", 50, 68),
        ),
    ),
)

ROWS = {row.key: row for group in GROUPS for row in group.rows}
LIMITS = {key: row.limit for key, row in ROWS.items() if row.limit is not None}
