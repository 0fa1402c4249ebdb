"""The closed list of codes: refusals, findings, faults. Each has a meaning and a next step, and a line in the docs.

A code that is used and not here, or here and not used, fails tests/repo/test_codes.py.
"""

from __future__ import annotations

from typing import NamedTuple

from echelon.core.codes.console import CONSOLE
from echelon.core.codes.hosts import HOSTS
from echelon.core.codes.portfolio import PORTFOLIO


class Code(NamedTuple):
    meaning: str
    next_step: str


_REFUSALS = {
    "MODE_INACTIVE": Code(
        "spec.md or backlog.md is missing, so there is nothing to deliver.",
        "plan it: echelon plan, or plan_project for an agent",
    ),
    "ITEM_IN_PROGRESS": Code(
        "Another item is in flight; in sequential mode there is one at a time.", "close, fail or suspend it first"
    ),
    "NOTHING_IN_PROGRESS": Code("No item is in flight.", "start one: echelon deliver, or backlog_start_item"),
    "BACKLOG_COMPLETE": Code(
        "Every item is delivered.", "nothing is left to do here; add items or look at echelon report"
    ),
    "NOTHING_ELIGIBLE": Code(
        "Items are left, and none of them can start.", "look at the reasons; echelon status shows each item"
    ),
    "ITEM_UNKNOWN": Code("The backlog has no item with this id.", "echelon status lists the ids"),
    "ITEM_NOT_ELIGIBLE": Code(
        "The item exists and cannot start now.", "see the reasons, or leave out the id to take the next eligible item"
    ),
    "TRANSITION_REFUSED": Code(
        "The item's state does not allow this.", "echelon status shows the state; the table is in docs/reference"
    ),
    "ENTRY_BROKEN": Code("The item has errors in the backlog file.", "echelon doctor shows each with its line"),
    "DEPENDENCY_UNMET": Code("A dependency is not delivered yet.", "deliver it first"),
    "DEPENDENCY_FAILED": Code(
        "A dependency has failed, so the item can never start as it stands.",
        "change the dependency, or set the failed item to [ ]",
    ),
    "NO_CRITERIA": Code(
        "The item has no acceptance criteria, so nothing could ever prove it.",
        "add criteria below `Acceptance criteria:`",
    ),
    "PLAN_GAPS": Code(
        "The answers have gaps; nothing was written.", "mend each at its place and give the answers again"
    ),
    "PLAN_EXISTS": Code(
        "There is a backlog already, and a plan is never written over one.",
        "add items to it by hand, or plan another project",
    ),
    "PLAN_PLACE": Code(
        "Several projects have no plan yet.", "name one: target_dir, or echelon plan --into, with its key or folder"
    ),
    "NO_CHECKS": Code(
        "No criterion of the item carries a check, and the policy is `proved`.",
        'add — check: `command` to a criterion, or set "policy": "attested"',
    ),
    "DEFINITION_NOT_COMMITTED": Code(
        "The item's criteria differ from the committed backlog; commits are what a person approved.",
        "git add .opencode && git commit, then start again",
    ),
    "SPEC_CHANGED": Code(
        "spec.md changed since the item started.", "suspend it and resume it to start again on the new spec"
    ),
    "DEFINITION_CHANGED": Code(
        "The item's criteria or checks changed since it started.",
        "suspend it and resume it to start again on the new text",
    ),
    "TASKS_OPEN": Code(
        "The mission's todo.md has open tasks: the agent itself does not claim to be done.",
        "finish the tasks, or mark what is done",
    ),
    "TODO_STALE": Code(
        "todo.md belongs to another mission, so it says nothing about this one.",
        "write the todo of this mission; its name is in backlog_verify_item",
    ),
    "CHECKLIST_OPEN": Code("verification-checklist.md has open points.", "finish them or remove the file"),
    "SYNC_ISSUES": Code("sync-issues.md names open issues.", "settle them; an empty file, or `None`, means none"),
    "NOT_PROVED": Code("The evidence does not let this item close.", "mend what the reasons name and verify again"),
    "CHECK_RED": Code(
        "A check ran on the candidate and said no.", "mend the work; the last lines of its output are shown"
    ),
    "CHECK_NOT_RUN": Code("A check of the definition was not run.", "verify again"),
    "CHECK_COULD_NOT_RUN": Code(
        "A check could not run: not found, timed out, killed or flooding. That is never red.",
        "mend the command, the setup steps or the limits",
    ),
    "CHECK_GREEN_ON_BASE": Code(
        "A check is green before the work, so it proves nothing.", "sharpen it, or write guard: if it is one"
    ),
    "GUARD_RED_ON_BASE": Code(
        "A guard is red on the base: what it guards is already broken.",
        "mend the base first, or write check: if that is the work",
    ),
    "NO_TESTS_RAN": Code("The command is green and executed no test.", "let it run tests"),
    "FEWER_TESTS_RAN": Code("A guard executes fewer tests than on the base.", "bring the tests back"),
    "NOT_ATTESTED": Code(
        "A criterion without a check has not been attested.",
        "a person says: echelon call backlog_attest; or give it a check",
    ),
    "NOTHING_CHANGED": Code("The candidate changes nothing.", "do the work; ticked boxes are not work"),
    "WEAKENED": Code(
        "The candidate weakens tests, their configuration, or the checks' definition.",
        "restore what was weakened; a person may accept it with backlog_accept_weakening",
    ),
    "SLOT_PROBLEM": Code("The slot holds something that cannot be merged safely.", "see the reason"),
    "ESCAPED": Code(
        "Something changed the repository outside the slot while the mission ran.",
        "look at what the reasons list; restore it, then start again",
    ),
    "MERGE_CONFLICT": Code(
        "The work conflicts with what is on the base branch now.",
        "resolve the listed files in the slot and close again",
    ),
    "CONFLICT_MARKERS": Code("Files of the candidate still hold conflict markers.", "resolve them"),
    "CHECKOUT_OVERLAP": Code(
        "Your checkout has uncommitted changes in files that the merge changes.",
        "commit or stash them, then run echelon deliver again",
    ),
    "BASE_KEEPS_MOVING": Code(
        "The base branch moved again each time a candidate was ready.", "try again when it is quieter"
    ),
    "ESCALATION_PENDING": Code(
        "The item waits for a person's decision.",
        'echelon call resolve_escalation --json \'{"escalation_id": …, "decision": …}\'',
    ),
    "ESCALATION_UNKNOWN": Code("There is no pending escalation with this id.", "echelon status lists them"),
    "ARGUMENT_MISSING": Code("An argument is missing or empty.", "echelon call --list shows what each action takes"),
    "CRITERION_UNKNOWN": Code(
        "The item has no such criterion that needs an attestation.", "echelon status --json lists them"
    ),
    "NOT_A_REPOSITORY_IN_PLACE": Code(
        "There is no git repository, so there is no slot, no merge and no tree to bind proof to.",
        "git init and commit, or run echelon deliver --in-place and accept weaker evidence",
    ),
    "CONFIG_INVALID": Code("The configuration file has errors.", "echelon doctor shows each with its line"),
    "STOPPED": Code("A person stopped the delivery.", "echelon deliver goes on"),
    "HOST_FAILED": Code("The program in which the agent runs failed.", "see the reason; echelon deliver tries again"),
    "NEEDS_PERSON": Code("This action is a person's; an agent may not do it.", "a person runs it with echelon call"),
    "ACTION_UNKNOWN": Code("There is no such action.", "echelon call --list shows them"),
    "NOTHING_TO_VERIFY": Code("No commit of this branch carries a statement.", "deliver something first"),
    "ATTEMPT_OVER": Code(
        "The attempt has ended meanwhile, and another one of the item is in flight.",
        "look at the item again: echelon status",
    ),
    "HISTORY_UNKNOWN": Code(
        "What a document said then cannot be worked out from the operation log.",
        "look at a neighbouring operation, or at git's history of the file",
    ),
    "DOCUMENT_UNKNOWN": Code("The workspace has no document at this path.", "take one from the list of documents"),
    "UNDO_REFUSED": Code("This operation cannot be undone.", "see the reason; echelon log lists operations"),
}

_VERIFY = {
    "CLONE_SHALLOW": Code(
        "The clone holds only the end of the history, so the chain of statements cannot be followed.",
        "git fetch --unshallow, or clone it whole",
    ),
    "STATEMENT_UNREADABLE": Code(
        "A commit's evidence cannot be read.", "somebody changed the commit's message; compare with another clone"
    ),
    "STATEMENT_CHANGED": Code(
        "A statement contradicts itself or its digest.", "the record was changed; compare with another clone"
    ),
    "CHAIN_BROKEN": Code(
        "A statement does not follow the one before it.",
        "a record was removed, replaced or reordered; compare with another clone",
    ),
    "TREE_DIFFERS": Code(
        "A commit's tree is not the tree its statement speaks of.", "the commit was changed after it was proved"
    ),
    "BASE_DIFFERS": Code(
        "A commit's parent is not the base its statement speaks of.", "the history was changed after it was proved"
    ),
    "DEFINITION_DIFFERS": Code(
        "The backlog in the base does not say what the statement's definition says.",
        "compare the two; the statement's criteria were not the approved ones",
    ),
    "RERUN_DIFFERS": Code(
        "Running a check again gave another answer than the record.",
        "look at the output; a check that is not stable proves little",
    ),
    "EVIDENCE_LOG_CHANGED": Code(
        "A record in .opencode/echelon/evidence.jsonl was changed.",
        "the log is hash-chained: compare with a copy; the commits hold the statements",
    ),
}

_FINDINGS = {
    "INVALID_UTF8": Code("Bytes of the file are not UTF-8; they are kept as they are.", "save the file as UTF-8"),
    "NUL_BYTE": Code("The file holds NUL bytes.", "look whether it is the right file"),
    "HEADER_DASH": Code("An entry's header has another dash than the format's.", "echelon doctor --repair writes it"),
    "HEADER_ALMOST": Code(
        "A line looks like an entry's header and is not one, so the entry does not count.", "write `### B001 — title`"
    ),
    "FIELD_DUPLICATE": Code("An entry says a field twice.", "remove one"),
    "FIELD_NESTED": Code("A field stands below another bullet and does not count.", "move it to the left margin"),
    "FIELD_ALMOST": Code("A label is almost one of the format's.", "spell it as the format does"),
    "FIELD_UNKNOWN": Code("A label is not one of the format's; it is kept as text.", "nothing, if it is meant as text"),
    "STATUS_MISSING": Code("An entry has no status line; it is read as pending.", "echelon doctor --repair adds it"),
    "UNKNOWN_MARKER": Code("A status marker is none of the five.", "write one of [ ] [/] [x] [-] [~]"),
    "MARKER_SPELLING": Code("A status marker is written unusually.", "echelon doctor --repair writes it"),
    "BAD_PRIORITY": Code("A priority is none of P1 to P4.", "write one of them"),
    "PRIORITY_SPELLING": Code("A priority is written unusually.", "echelon doctor --repair writes it"),
    "BAD_SIZE": Code("A size is none of S, M, L, XL.", "write one of them"),
    "BAD_DEPENDENCY": Code("A dependency is not an id.", "write ids with commas between, or —"),
    "DEPENDENCY_SPELLING": Code("Dependencies are separated unusually.", "echelon doctor --repair writes commas"),
    "UNKNOWN_DEPENDENCY": Code("A dependency names nothing.", "mend the id"),
    "DEPENDENCY_CYCLE": Code("Entries wait for each other.", "remove one of the dependencies"),
    "DUPLICATE_ID": Code("An id is defined twice.", "give one of them another id"),
    "CHECK_MALFORMED": Code(
        "A criterion has a check label without a usable command.", "write — check: `command` at its end"
    ),
    "CRITERION_EMPTY": Code("A criterion has no words.", "say what has to hold"),
    "CRITERION_NO_BULLET": Code("Text below the criteria label is no bullet.", "make it a bullet, or move it"),
    "NO_CHECK": Code(
        "A pending item has no check, so it could only be attested.", "add — check: `command` to a criterion"
    ),
    "MULTIPLE_IN_PROGRESS": Code("More than one item is in progress.", "set all but one to [ ] or [~]"),
    "ITEM_WITHOUT_SLOT": Code(
        "An item is marked [/] and no mission is running for it.", "echelon doctor --repair sets it to [ ]"
    ),
    "SLOT_WITHOUT_ITEM": Code(
        "A mission is recorded for an item that is not marked [/].",
        "echelon doctor --repair ends the mission and keeps its work under a rescue ref",
    ),
    "ACTIVE_FILE_MISSING": Code(
        "An item is in progress and backlog-item-active.md is missing.", "echelon doctor --repair writes it again"
    ),
    "ACTIVE_FILE_ORPHANED": Code(
        "backlog-item-active.md exists and no item is in progress.", "echelon doctor --repair archives it"
    ),
    "SLOT_WORKTREE_MISSING": Code("A mission's slot is gone.", "echelon deliver opens it again from the branch"),
    "UNREGISTERED_WORKTREE": Code(
        "A slot exists that no mission uses.", "echelon doctor --repair saves it under a rescue ref and closes it"
    ),
    "EXTERNAL_DEP_TARGET_MISSING": Code(
        "A dependency's project has no stored backlog.", "mend the id, or store that project's backlog"
    ),
    "EXTERNAL_DEP_ITEM_MISSING": Code("A dependency's project has no such item.", "mend the id"),
    "CONFIG_SYNTAX": Code("The configuration is not valid JSON.", "mend it at the place shown"),
    "CONFIG_VALUE": Code("A setting is unknown or has a wrong value.", "mend it at the place shown"),
    "CONFIG_SHADOWED": Code(
        "Two files hold settings, and only the first one is read.", "move what you need into it, and delete the other"
    ),
    "CONFIG_ELSEWHERE": Code(
        "Settings of Echelon's lie in OpenCode's own file, where open-codining looked too.",
        "move them into .opencode/orchestrator.jsonc: echelon config set KEY VALUE",
    ),
    "ROLE_TOO_LONG": Code(
        "A text for a role is too long: Echelon's own is used instead.", "shorten it, or remove the file"
    ),
    "SPEC_MISSING": Code("There is no spec.md.", "echelon plan asks for one; echelon init writes an empty one"),
    "BACKLOG_MISSING": Code("There is no backlog.md.", "echelon plan asks for one; echelon init writes an empty one"),
    "RECORD_CHANGED": Code(
        "A file of Echelon's own was changed by something else.",
        "compare it with a copy; echelon log and echelon verify say what it held",
    ),
    "SANDBOX_ABSENT": Code(
        "There is no bubblewrap here, so checks run without a sandbox, and evidence says so.",
        "install bubblewrap, if checks run code you do not trust",
    ),
}

_FAULTS = {
    "USAGE": Code("The command's words are off.", "see echelon --help"),
    "NO_WORKSPACE": Code(
        "There is no .opencode folder here or above.", "echelon init makes one, echelon demo shows one"
    ),
    "PLAYBOOK_INVALID": Code("The scripted host's playbook has an error.", "mend it at the place shown"),
    "PLAYBOOK_MISSING": Code(
        "The scripted host has no playbook.", "write .opencode/playbook/playbook.toml, or choose another host"
    ),
    "RECORD_DAMAGED": Code(
        "A file of Echelon's own under .opencode/echelon is damaged.",
        "restore it from a copy; echelon log tells what it held",
    ),
    "BUG": Code("Echelon made a mistake.", "the crash log named in the message helps to mend it"),
    "INTERRUPTED": Code("Interrupted.", "echelon deliver goes on where it was"),
}

# What store/ says of files, locks and the operation log.
_STORE = {
    "LOCK_BUSY": Code(
        "Another Echelon works in this workspace; the message says which process and since when.",
        "wait for it to finish, or stop that process, then ask again",
    ),
    "DOCUMENT_CHANGED": Code(
        "A document changed between reading and writing; nothing was written.",
        "ask again: it is decided on the new text",
    ),
    "COMMIT_UNFINISHED": Code(
        "An operation is in the log and could not be written to all its documents yet.",
        "mend what the message names; the next command finishes it",
    ),
    "DISK_FULL": Code("The disk or the quota is full; nothing was changed.", "free some space and ask again"),
    "READ_ONLY": Code("The file system is read-only; nothing was changed.", "make it writable and ask again"),
    "NOT_PERMITTED": Code(
        "The system does not let this user read or write here.",
        "give this user the right to do it, or name another folder",
    ),
    "FILE_FAILED": Code("The system refused a file operation for the reason shown.", "mend the cause and ask again"),
    "FILE_NOT_OURS": Code(
        "The file that a report or an export is to replace was not written by it; nothing was written.",
        "name another file, or add --force where it is a plain file",
    ),
    "FILE_TOO_LARGE": Code("A state file is above the limit of the store.", "split it or make it smaller"),
    "STATE_FILE_NOT_REGULAR": Code(
        "A state file is a link, a folder or a device; links are not followed.", "put a regular file in its place"
    ),
    "PATH_NOT_ALLOWED": Code(
        "A path leads out of the workspace or to a file of the store itself.", "use a plain path inside the workspace"
    ),
    "OPERATION_ID_INVALID": Code(
        "An operation's id has characters that the log does not take.", "use letters, digits, -, . and :"
    ),
    "OPERATION_NOT_JSON": Code("A request or effect of an operation is not plain JSON.", "give plain JSON values"),
    "OPERATION_TOO_LARGE": Code(
        "One operation changes more than the log takes at once.", "change fewer or smaller documents at once"
    ),
    "OPERATION_LOG_BROKEN": Code(
        "The operation log is not what was written; the message names file and line.",
        "restore .opencode/echelon from a copy; work stops until then",
    ),
    "UNDO_CONFLICT": Code(
        "Later operations changed the same documents, so this one cannot be undone alone.",
        "undo the later ones first, or make the change by hand",
    ),
    "UNKNOWN_OPERATION": Code("The log has no such operation, or none that can be undone.", "echelon log lists them"),
}

# What slots/ says of git, work trees and merges.
_SLOTS = {
    "NO_REPOSITORY": Code(
        "The workspace is not in a git repository.", "git init and commit, or echelon deliver --in-place"
    ),
    "NO_COMMIT": Code("The repository has no commit yet, so there is no base.", "make a first commit"),
    "HEAD_DETACHED": Code(
        "No branch is checked out, so it is not known what items merge into.", 'check a branch out, or set "baseBranch"'
    ),
    "BRANCH_MISSING": Code("The base branch does not exist.", 'create it, or name another in "baseBranch"'),
    "BRANCH_NAME_INVALID": Code("A name cannot be a branch's.", "name an existing branch"),
    "WORKSPACE_NOT_TOP_LEVEL": Code(
        ".opencode lies in a folder of a repository, not at its top.", "use the top folder of the repository"
    ),
    "WORKSPACE_IN_BARE_REPOSITORY": Code("The workspace lies in a bare repository.", "use a clone with files"),
    "PARTIAL_CLONE": Code(
        "The repository is a partial clone: objects would have to be fetched while checks run.", "use a full clone"
    ),
    "STATE_INSIDE_WORKSPACE": Code(
        "The user's state directory lies inside the workspace, where agents could write.",
        "set XDG_STATE_HOME to a folder elsewhere",
    ),
    "STATE_DIRECTORY_UNSAFE": Code(
        "A private directory cannot be made, or belongs to somebody else.", "remove it, or set XDG_STATE_HOME"
    ),
    "GIT_MISSING": Code("There is no git on the PATH.", "install git 2.38 or newer"),
    "GIT_TOO_OLD": Code("git is older than 2.38, which cannot merge aside.", "install git 2.38 or newer"),
    "GIT_FAILED": Code(
        "git said no; the end of its words is shown. Nothing was lost.", "mend what git names and ask again"
    ),
    "GIT_FAILED_TO_START": Code("git could not be started.", "look at the path and the rights of the git program"),
    "GIT_TIMEOUT": Code("git did not end in time.", "look for a slow disk or a hanging mount and try again"),
    "GIT_OUTPUT_LIMIT": Code("git wrote more than the limit.", "ignore generated files"),
    "BLOBS_TOO_LARGE": Code(
        "The files that differ are too large to be looked at at once.", "leave large files out of the change"
    ),
    "OBJECT_ID_INVALID": Code("A value is not a full object id.", "resolve the name first"),
    "OWNED_GIT_CHANGED": Code(
        "Echelon's own git directory was changed by something else.", "look at it, then remove it; it is made anew"
    ),
    "GUARD_TOO_MANY_FILES": Code(
        "The repository's hooks and info folders hold too many files to be watched.",
        "look into .git/hooks and .git/info",
    ),
    "SLOT_ID_INVALID": Code("A value cannot name a slot.", "use letters, digits, - and _, at most 64"),
    "SLOT_UNKNOWN": Code("There is no open slot with this name.", "echelon deliver opens it again"),
    "SLOT_BUSY": Code("Another process works in the slot.", "wait for it and ask again"),
    "SLOT_IN_THE_WAY": Code(
        "Files in the slot stand where the base's files have to go.", "move or remove the files that are named"
    ),
    "SLOT_BRANCH_MOVES": Code("Somebody else moves the slot's branch.", "ask again"),
    "SLOT_DIRECTORY_CHANGED": Code(
        "A slot's folder is gone or was replaced; its last snapshot is on its branch.",
        "look at who replaced it; echelon deliver opens it again",
    ),
    "SLOT_RECORD_BROKEN": Code(
        "What is remembered of a slot cannot be read; its branch is untouched.",
        "look at the file named, then remove it",
    ),
    "SLOT_NOT_CLEAN": Code("A prepared work tree cannot be cleaned.", "remove the folder that is named"),
    "SLOT_TOO_MANY_FILES": Code(
        "A slot changes or holds more files than the limit.", "ignore generated files in .gitignore"
    ),
    "GATES_BUSY": Code("All clean checkouts are in use by other checks.", "wait for them to end"),
    "GATE_KEEP_INVALID": Code("What a gate is to keep is not a top-level name.", "name a file or folder at the top"),
    "GATE_NOT_EXACT": Code(
        "A clean checkout is not exactly the tree that was asked for, so nothing is judged in it.",
        "ask again; if it stays, look for a program that writes there",
    ),
    "CANDIDATE_CONFLICTS": Code(
        "A candidate with conflicts cannot become a commit.", "bring the base into the slot and resolve"
    ),
}

# What checks/ says of commands, sandboxes and set-up steps.
_CHECKS = {
    "CHECKS_UNSUPPORTED": Code("Checks cannot run on this operating system.", "use Linux, macOS, or WSL on Windows"),
    "CHECK_COMMAND_INVALID": Code(
        "A check's command is empty, too long, or holds a NUL byte.", "put long commands into a script and call that"
    ),
    "CHECK_DIRECTORY_MISSING": Code("The folder in which a check was to run is gone.", "verify again"),
    "CHECK_START_FAILED": Code(
        "A check could not be started by the system.", "see the reason; free processes or memory and ask again"
    ),
    "SANDBOX_MISSING": Code(
        '"checks.sandbox" is "required", and no sandbox works here.', 'install bubblewrap, or set "auto"'
    ),
    "SANDBOX_UNKNOWN": Code("The configuration names a sandbox that does not exist.", "use auto, required or off"),
    "PREPARE_STEP_INVALID": Code(
        "A step of `setup` is not written as it must be; the message names the place.",
        "see docs/reference/settings.md, Set-up steps",
    ),
    "PREPARE_SOURCE_MISSING": Code(
        "A step links or copies something that the workspace does not have.",
        "install the project's dependencies, or change `setup`",
    ),
    "PREPARE_TARGET_EXISTS": Code(
        "A step would put a dependency where the tree has a file of its own.",
        "remove the file from the tree, or the step from `setup`",
    ),
    "PREPARE_COPY_TOO_LARGE": Code("A copy step copies more than the limit.", "link it instead"),
    "PREPARE_FAILED": Code(
        "A set-up step failed; the end of its output is shown.", "run the command yourself and mend it"
    ),
    "PREPARE_BUSY": Code("Another process prepares the same dependencies for too long.", "wait for it and ask again"),
}

# What the doors and the engine say of words, folders and files.
_DOORS = {
    "ARGUMENTS_INVALID": Code(
        "An action's arguments are not what it takes; every mistake is named.", "echelon call --list shows them"
    ),
    "SETTING_UNKNOWN": Code("There is no such setting.", "echelon config shows them all"),
    "SETTING_VALUE": Code("The setting cannot have this value.", "echelon config KEY tells what it may be"),
    "FOLDER_NOT_EMPTY": Code("The folder for the example is not empty.", "name another folder"),
    "BACKLOG_IN_THE_WAY": Code(
        "A backlog is there already, and an import overwrites nothing.",
        "import into another folder with --to, or move the backlog away",
    ),
    "IMPORT_WHERE": Code(
        "The workspace holds several projects, and an import goes into one.", "name the project's folder with --to"
    ),
    "IMPORT_NOT_FOUND": Code("There is no such file or folder to import.", "name the folder or the file of the tasks"),
    "IMPORT_UNKNOWN": Code(
        "What is to be imported is in none of the known formats.", "name the file of the tasks, or say --format"
    ),
    "IMPORT_AMBIGUOUS": Code("There are tasks of more than one tool.", "name one folder or file, or say --format"),
    "IMPORT_EMPTY": Code("No task was found in what is to be imported.", "name the file of the tasks, or say --format"),
    "IMPORT_BROKEN": Code("A file to import cannot be read as what it is.", "mend it at the place shown"),
    "IMPORT_TOO_LARGE": Code("There is more to import than the limits allow.", "name a smaller folder or file"),
    "IN_PLACE_TOO_MANY_FILES": Code(
        "The folder has more files than working in place can watch.", "make it a git repository"
    ),
}

_HOSTS = {code: Code(*row) for code, row in (HOSTS | PORTFOLIO | CONSOLE).items()}
CODES: dict[str, Code] = {
    **_REFUSALS,
    **_VERIFY,
    **_FINDINGS,
    **_FAULTS,
    **_STORE,
    **_SLOTS,
    **_CHECKS,
    **_DOORS,
    **_HOSTS,
}
