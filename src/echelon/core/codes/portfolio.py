"""Codes of the upper levels: programs, projects, capacity, copies."""

PORTFOLIO: dict[str, tuple[str, str]] = {
    "ITEM_AMBIGUOUS": ("Several could be meant.", "name one: item_id and backlog_path, project_id or program_id"),
    "PROJECT_NOT_ACTIVE": ("The project does not run, or its program does not.", "program_start_project starts it"),
    "PROJECT_UNKNOWN": ("There is no such project.", "program_status lists them"),
    "PROJECT_IN_PROGRESS": (
        "Another project is active; in sequential mode there is one at a time.",
        "close, fail or suspend it first",
    ),
    "PROJECT_INCOMPLETE": ("The project is not complete.", "deliver what the reasons name, or waive it"),
    "PROGRAM_NOT_ACTIVE": ("No program is active, or this one is not.", "enterprise_start_program starts it"),
    "PROGRAM_UNKNOWN": ("There is no such program.", "enterprise_status lists them"),
    "PROGRAM_IN_PROGRESS": (
        "Another program is active; in sequential mode there is one at a time.",
        "close, fail or suspend it first",
    ),
    "PROGRAM_INCOMPLETE": ("The program is not complete.", "deliver what the reasons name, or waive it"),
    "PROGRAM_COMPLETE": (
        "Every project of the program is settled.",
        "nothing is left to do here; look at echelon report",
    ),
    "ENTERPRISE_COMPLETE": ("Every program is settled.", "nothing is left to do; look at echelon report"),
    "PARALLELISM_OFF": (
        "enterprise.md does not switch parallelism on.",
        "write `- Parallelism: on` above its first program, or use the sequential actions",
    ),
    "CAPACITY_REACHED": (
        "All slots that may be used at once are in use.",
        "wait for one to end; a person raises the budget with enterprise_set_budget",
    ),
    "COPIES_DIVERGED": (
        "A working copy and its stored file were edited differently, so only a person can say which is right.",
        "make both say the same, then ask again; nothing was thrown away",
    ),
    "STORAGE_PATH_INVALID": (
        "The path of a project or program cannot be used.",
        "name a folder of its own inside the workspace, such as .opencode/projects/PRJ-001",
    ),
    "WORKING_FILES_IN_THE_WAY": (
        "Files in .opencode that belong to no active project or program stand where working copies would go.",
        "move them to where they belong, or remove them, then ask again",
    ),
    "STORED_PROJECT_MISSING": (
        "A project's spec.md or backlog.md is missing.",
        "plan it (plan_project with its key as target_dir, echelon plan --into), or mend the project's path",
    ),
    "STORED_PROGRAM_MISSING": ("A program's program.md is missing.", "write it, or mend the program's path"),
    "BAD_SETTING": ("A setting in enterprise.md has no value of the format's.", "mend it at the place shown"),
    "WORKING_PROJECT_FILES_MISSING": (
        "A project is active and its spec.md or backlog.md is missing.",
        "bring them back (git, .opencode/archive, echelon undo), or fail the project",
    ),
    "WORKING_PROGRAM_MISSING": (
        "The active program's working program.md is missing, and its projects' working files are there.",
        "nothing is lost: the stored program.md counts; remove .opencode/projects or bring program.md back",
    ),
    "WORKING_PROGRAM_ORPHANED": (
        "A working program.md belongs to no active program.",
        "move it to its program's folder, or remove it",
    ),
    "SLOT_IN_CONFLICT": (
        "A mission's work conflicts with the base branch; its slot holds both sides.",
        "echelon deliver lets the next attempt resolve it",
    ),
    "SLOT_BRANCH_MOVED": ("A slot's branch was moved by somebody else.", "echelon doctor --repair sets it back"),
    "BRANCH_LEFT_OVER": (
        "A branch of a slot belongs to no mission and no item.",
        "look at it, then git branch -D it",
    ),
    "BUDGET_EXCEEDED": (
        "More items are in flight than the budget allows.",
        "nothing starts until enough have ended; or a person raises the budget",
    ),
    "SLOTS_FILE_CHANGED": (
        "slots.json is not what Echelon wrote; it is only a view.",
        "echelon doctor --repair writes it again",
    ),
    "MERGE_UNFINISHED": (
        "git is in the middle of something in your checkout.",
        "finish or abort it; until then the checkout does not follow the base branch",
    ),
    "BASE_REWOUND": (
        "The base branch no longer contains what Echelon merged last: somebody moved it back or replaced it.",
        "echelon doctor --repair puts it back; if you moved it on purpose: echelon call workspace_accept_base",
    ),
    "DELIVERED_NOT_MARKED": (
        "An item was delivered with evidence and is not marked [x].",
        "echelon doctor --repair marks it; git reset may have brought old state files back",
    ),
}
