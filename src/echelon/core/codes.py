"""The closed list of codes: refusals, findings, faults. Each has a meaning and a next step, and a line in the docs.

A code that is used and not here, or here and not used, fails tests/repo/test_codes.py.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    meaning: str
    next_step: str


_REFUSALS = {
    "MODE_INACTIVE": Code(
        "spec.md or backlog.md is missing, so there is nothing to deliver.", "echelon init writes what is missing"
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
    "STATE_TOUCHED": Code(
        "The slot changed state files under .opencode; they are not part of any candidate.", "leave .opencode alone"
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
    "ATTEMPTS_EXHAUSTED": Code(
        "The item was tried as often as the limit allows.", "decide on the escalation, then resume the item"
    ),
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
    "UNDO_REFUSED": Code("This operation cannot be undone.", "see the reason; echelon log lists operations"),
}

_VERIFY = {
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
    "IN_PROGRESS_WITHOUT_MISSION": Code(
        "An item is marked [/] and no mission is running for it.", "echelon doctor --repair sets it to [ ]"
    ),
    "MISSION_WITHOUT_ITEM": Code(
        "A mission is recorded for an item that is not marked [/].",
        "echelon doctor --repair ends the mission and keeps its work under a rescue ref",
    ),
    "ACTIVE_FILE_MISSING": Code(
        "An item is in progress and backlog-item-active.md is missing.", "echelon doctor --repair writes it again"
    ),
    "ACTIVE_FILE_ORPHANED": Code(
        "backlog-item-active.md exists and no item is in progress.", "echelon doctor --repair archives it"
    ),
    "SLOT_MISSING": Code("A mission's slot is gone.", "echelon deliver opens it again from the branch"),
    "SLOT_ORPHANED": Code(
        "A slot exists that no mission uses.", "echelon doctor --repair saves it under a rescue ref and closes it"
    ),
    "EXTERNAL_DEP_TARGET_MISSING": Code(
        "A dependency's project has no stored backlog.", "mend the id, or store that project's backlog"
    ),
    "EXTERNAL_DEP_ITEM_MISSING": Code("A dependency's project has no such item.", "mend the id"),
    "CONFIG_SYNTAX": Code("The configuration is not valid JSON.", "mend it at the place shown"),
    "CONFIG_VALUE": Code("A setting is unknown or has a wrong value.", "mend it at the place shown"),
    "SPEC_MISSING": Code("There is no spec.md.", "echelon init writes one to fill in"),
    "BACKLOG_MISSING": Code("There is no backlog.md.", "echelon init writes one to fill in"),
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

CODES: dict[str, Code] = {**_REFUSALS, **_VERIFY, **_FINDINGS, **_FAULTS}
