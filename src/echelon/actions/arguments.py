"""The arguments of the actions, one dataclass each; a field's metadata is its documentation.

Names are those that open-codining's users know, in its spelling (peer-levels.md §6, peer-slots-steering.md §2.10).
A quiet one works like any other and is documented, but models are not told of it: what a session is about says the
same, or another argument does, and each shown costs tokens in every request.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal


def _doc(text: str, *, quiet: bool = False, **options: Any) -> Any:
    return field(metadata={"doc": text, "quiet": quiet}, **options)


def _item() -> Any:
    return _doc("Id of the item, such as B001, or its key; the only one in flight when left out.", default="")


def _backlog() -> Any:
    return _doc("Its backlog, where several have an item of that id.", default="", quiet=True)


def quiet(arguments: type) -> frozenset[str]:
    """Names of the arguments that models are not told of."""
    return frozenset(row.name for row in dataclasses.fields(arguments) if row.metadata.get("quiet"))


@dataclass(frozen=True, slots=True)
class NoArguments:
    pass


@dataclass(frozen=True, slots=True)
class StartArguments:
    itemId: str = _doc(  # noqa: N815 - the name open-codining's users know
        "Id of the item; the next eligible one when left out.", default=""
    )
    backlog_path: str = _doc("Which backlog; the one that is worked on when left out.", default="")


@dataclass(frozen=True, slots=True)
class InFlightArguments:
    item_id: str = _item()
    backlog_path: str = _backlog()


@dataclass(frozen=True, slots=True)
class ReasonArguments:
    reason: str = _doc("Why, in one sentence; it goes into the journal and the archive.")
    item_id: str = _item()
    backlog_path: str = _backlog()


@dataclass(frozen=True, slots=True)
class ItemArguments:
    itemId: str = _doc(  # noqa: N815 - the name open-codining's users know
        "Id of the item, such as B001 (`item_id` is accepted too).", default=""
    )
    item_id: str = _doc("The same, as the console spells it.", default="", quiet=True)
    backlog_path: str = _backlog()


@dataclass(frozen=True, slots=True)
class ItemReasonArguments:
    item_id: str = _doc("Id of the item, such as B001, or its key.")
    reason: str = _doc("Why, in one sentence; it goes into the journal.")
    backlog_path: str = _backlog()


@dataclass(frozen=True, slots=True)
class AttestArguments:
    note: str = _doc("What was looked at.")
    criterion: int = _doc("Number of the criterion, from 1; 0 means all that have no check.", default=0)
    item_id: str = _item()
    backlog_path: str = _backlog()


@dataclass(frozen=True, slots=True)
class NoteArguments:
    note: str = _doc("Why this change to the tests is right.")
    item_id: str = _item()
    backlog_path: str = _backlog()


@dataclass(frozen=True, slots=True)
class ReworkArguments:
    note: str = _doc("What has to change, in the person's words.", default="")
    comments_json: str = _doc(
        "JSON array of {path, line, text, side}, 50 at most; line 0, or none, is about the whole file; side old is about "
        "a line that was removed, by its number in the base.",
        default="",
        quiet=True,
    )
    item_id: str = _item()
    backlog_path: str = _backlog()


@dataclass(frozen=True, slots=True)
class ReviewArguments:
    note: str = _doc("What was looked at, and why every criterion without a check holds.")
    item_id: str = _item()


@dataclass(frozen=True, slots=True)
class EscalationArguments:
    context: str = _doc("What the problem is.")
    attempts: str = _doc("What was tried, by recovery level.")
    option1_label: str = _doc("First option.")
    option2_label: str = _doc("Second option.")
    expected_decision: str = _doc("What the person has to decide.")
    level: Literal["", "project", "program", "enterprise"] = _doc(
        "Whose file it goes to; the caller's own level when left out, a person's is the project's.",
        default="",
        quiet=True,
    )
    item: str = _doc(
        "Id of what it concerns: an item, or a project or program at the level above; that part waits, all of the "
        "level when left out.",
        default="",
    )
    option1_pros: str = _doc("For the first.", default="")
    option1_cons: str = _doc("Against the first.", default="")
    option2_pros: str = _doc("For the second.", default="")
    option2_cons: str = _doc("Against the second.", default="")
    option3_label: str = _doc("Third option, if any.", default="", quiet=True)
    option3_pros: str = _doc("For the third.", default="", quiet=True)
    option3_cons: str = _doc("Against the third.", default="", quiet=True)
    scope: str = _doc("Key of the project or program, where there are several.", default="", quiet=True)


@dataclass(frozen=True, slots=True)
class DecisionArguments:
    escalation_id: str = _doc("Id of the escalation.")
    decision: str = _doc("What was decided.")
    level: Literal["", "project", "program", "enterprise"] = _doc(
        "Whose file it is in; found when left out.", default="", quiet=True
    )


@dataclass(frozen=True, slots=True)
class SlotArguments:
    max_slots: int = _doc("Items of this backlog at once.", default=0)
    backlog_path: str = _doc("Which backlog; the one that is worked on when left out.", default="")
    spec_path: str = _doc("Its spec: always the one beside the backlog.", default="", quiet=True)
    project_file: str = _doc("Its journal: always the one beside the backlog.", default="", quiet=True)


@dataclass(frozen=True, slots=True)
class ProjectArguments:
    project_id: str = _doc("Id of the project; the next or the only active one when left out.", default="")
    program_file: str = _doc("Which program.md; the active program's when left out.", default="")


@dataclass(frozen=True, slots=True)
class ProjectReasonArguments:
    reason: str = _doc("Why, in one sentence; it goes into the journal.")
    project_id: str = _doc("Id of the project; the only active one when left out.", default="")
    program_file: str = _doc("Which program.md; the active program's when left out.", default="")


@dataclass(frozen=True, slots=True)
class ProjectsArguments:
    max_projects: int = _doc("Projects of this program at once.", default=0)
    project_id: str = _doc(
        "Only this one, beside those that run; max_projects 0 is then no limit.", default="", quiet=True
    )
    slots_per_project: int = _doc("Items at once in each of them; told to who drives them.", default=0)
    program_file: str = _doc("Which program.md; the active program's when left out.", default="")


@dataclass(frozen=True, slots=True)
class ProgramFileArguments:
    program_file: str = _doc("Which program.md; the active program's when left out.", default="")


@dataclass(frozen=True, slots=True)
class ProgramArguments:
    program_id: str = _doc("Id of the program; the next or the only active one when left out.", default="")


@dataclass(frozen=True, slots=True)
class ProgramsArguments:
    program_id: str = _doc("Only this one, beside those that run.", default="", quiet=True)


@dataclass(frozen=True, slots=True)
class ProgramReasonArguments:
    reason: str = _doc("Why, in one sentence; it goes into the journal.")
    program_id: str = _doc("Id of the program; the only active one when left out.", default="")


@dataclass(frozen=True, slots=True)
class BudgetArguments:
    budget: int = _doc("Items at once over the whole portfolio.")
    reason: str = _doc("Why.")


@dataclass(frozen=True, slots=True)
class ValidateArguments:
    repair: bool = _doc("Repair what can be repaired without losing anything; else only look.", default=False)
    dry_run: bool = _doc("With repair: say what would be done, and do nothing.", default=False)


@dataclass(frozen=True, slots=True)
class FindArguments:
    terms: str = _doc("Words of the question, or an id: `refund rules`, `criteria B019`, `progress`.")
    section: str = _doc("Only below headings that say this.", default="")


@dataclass(frozen=True, slots=True)
class BaseArguments:
    reason: str = _doc("Why the branch was moved.")


def _target() -> Any:
    return _doc("Key or folder of the project, where there are several; its own place when left out.", default="")


@dataclass(frozen=True, slots=True)
class PlanArguments:
    brief: str = _doc("What is wanted, as the person said it.")
    answers: str = _doc(
        "The form of the questionnaire, filled in; without it the questionnaire is answered.", default=""
    )
    target_dir: str = _target()


@dataclass(frozen=True, slots=True)
class ScaffoldArguments:
    name: str = _doc("Name of the project.")
    objective: str = _doc("What is wanted, measurable.")
    in_scope: str = _doc("What belongs to it, one on each line.")
    out_of_scope: str = _doc("What does not, one on each line.")
    constraints: str = _doc("What is fixed, one on each line.")
    items_json: str = _doc(
        "JSON array of {id, title, priority, size, description, criteria[], dependsOn[]}, also files, notes; a criterion ends with "
        "— check: `command`, — guard: `command`, or — attest."
    )
    target_dir: str = _target()
