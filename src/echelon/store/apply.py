"""How an operation's edits reach the documents: stage, install, and after a crash finish.

Theory of operation. New contents are staged first, as synced temporary files beside their targets, so a full disk is
met before anything is promised. Then the log line is made durable: that is the moment of commit. Then each temporary
file is renamed over its target. A rename uses its file up, so after a crash the files themselves say which documents
are done: temporary file there, not yet; gone, done, and whatever stands there now is somebody's later edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from echelon.errors import ConflictError
from echelon.store.files import (
    Disk,
    Reading,
    directories_up_to,
    discard,
    make_directories,
    read_regular,
    remove_file,
    rename_file,
    replace_file,
    resolve,
    sync_directories,
    temp_beside,
    world_errors,
    write_new,
)
from echelon.store.operations import ABSENT, Edit, Operation, digest_of, forward


@dataclass(frozen=True, slots=True)
class Step:
    """One document of a change on its way to disk."""

    edit: Edit
    target: Path
    temp: Path
    before: Reading | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Somebody wrote a document at the very moment an operation was interrupted or committed.

    `rescued`: their text was in the way and is kept in the file `rescue`. `kept`: it came later and stands.
    """

    kind: Literal["rescued", "kept"]
    path: str
    operation: str
    rescue: str = ""


def document_changed(paths: Sequence[str]) -> ConflictError:
    message = f"changed since it was read: {', '.join(paths)}."
    return ConflictError("DOCUMENT_CHANGED", message, "read again and decide again; nothing was changed.")


class Applier:
    """`rescue` is the directory for texts that had to make way; callers hold the workspace lock."""

    def __init__(self, disk: Disk, root: Path, rescue: Path) -> None:
        self._disk = disk
        self._root = root
        self._rescue = rescue

    def stage(self, steps: Sequence[Step]) -> None:
        """Write the temporary files, then look again whether the documents are still what the steps were made on.

        Raises ConflictError DOCUMENT_CHANGED: no lock of ours holds an editor back. On failure nothing is left.
        """
        try:
            for step in steps:
                if step.after is not None:
                    make_directories(self._disk, self._root, step.target.parent)
                    write_new(self._disk, step.temp, step.after, step.before.stat.mode if step.before else None)
            now = [(step, read_regular(self._disk, step.target)) for step in steps]
            changed = [s.edit.path for s, content in now if content != (s.before.content if s.before else None)]
            if changed:
                raise document_changed(changed)
        except BaseException:
            self.drop(steps)
            raise

    def drop(self, steps: Sequence[Step]) -> None:
        for step in steps:
            discard(self._disk, step.temp)

    def install(self, steps: Sequence[Step], operation: Operation) -> list[Finding]:
        """Move the staged files to their places, durably. Raises WorldError with some moved: see undo_install."""
        findings: list[Finding] = []
        for step in steps:
            findings += self._rescue_late_edit(step, operation)
            if step.after is None:
                remove_file(self._disk, step.target)
            else:
                rename_file(self._disk, step.temp, step.target)
        self._sync([(step.target, step.before is None) for step in steps])
        return findings

    def _rescue_late_edit(self, step: Step, operation: Operation) -> list[Finding]:
        """Save what an editor wrote in the instant since the content was compared; the stat is enough to tell."""
        with world_errors(step.target, "look at"):
            found = self._disk.stat(step.target)
        if (found.identity if found else None) == (step.before.stat.identity if step.before else None):
            return []
        current = read_regular(self._disk, step.target)
        if current is None or digest_of(current) == step.edit.before:
            return []
        return [self._save(current, step.edit, operation)]

    def undo_install(self, steps: Sequence[Step]) -> None:
        """Put back what a failed `install` has moved already."""
        for step in steps:
            if digest_of(read_regular(self._disk, step.target)) != step.edit.after:
                continue
            if step.before is None:
                remove_file(self._disk, step.target)
            else:
                replace_file(self._disk, step.target, step.before.content, step.before.stat.mode)

    def finish(self, operation: Operation) -> list[Finding]:
        """Bring the documents of a logged operation to the state it promised; safe to repeat."""
        findings: list[Finding] = []
        targets: list[tuple[Path, bool]] = []
        for number, edit in enumerate(operation.edits):
            target = resolve(self._disk, self._root, edit.path)
            findings += self._finish_edit(operation, edit, target, temp_beside(target, operation.digest, number))
            targets.append((target, edit.before == ABSENT))
        self._sync(targets)
        return findings

    def _finish_edit(self, operation: Operation, edit: Edit, target: Path, temp: Path) -> list[Finding]:
        current = read_regular(self._disk, target)
        state = digest_of(current)
        findings: list[Finding] = []
        if edit.after != ABSENT and state != edit.after and digest_of(read_regular(self._disk, temp)) == edit.after:
            if current is not None and state != edit.before:
                findings.append(self._save(current, edit, operation))
            rename_file(self._disk, temp, target)
        elif state == edit.before and edit.after == ABSENT:
            remove_file(self._disk, target)
        elif state == edit.before:  # the temporary file's name was lost in the crash, the log still has its content
            make_directories(self._disk, self._root, target.parent)
            replace_file(self._disk, target, forward(edit, current) or b"")
        elif state != edit.after:
            findings.append(Finding("kept", edit.path, operation.id))
        discard(self._disk, temp)
        return findings

    def _save(self, content: bytes, edit: Edit, operation: Operation) -> Finding:
        name = f"{operation.sequence:06}-{digest_of(content)[:12]}-{edit.path.rpartition('/')[2][-100:]}"
        make_directories(self._disk, self._root, self._rescue, 0o700)
        replace_file(self._disk, self._rescue / name, content, 0o600)
        return Finding("rescued", edit.path, operation.id, name)

    def _sync(self, targets: Sequence[tuple[Path, bool]]) -> None:
        """Sync the directories of the targets, for a new name also those above: they may be new themselves."""
        places: set[Path] = set()
        for target, new in targets:
            places.update(directories_up_to(self._root, target) if new else [target.parent])
        sync_directories(self._disk, places)
