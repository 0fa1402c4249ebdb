"""The exceptions: a broken input, a broken world, or another writer. A refusal is a value, see core.decide.

Each carries a code of `core.codes`, a sentence that says what and where, and the next step. Who is at fault is in
the type (h11's rule): the doors map types, not messages, to exit codes.
"""

from __future__ import annotations


class EchelonError(Exception):
    """The root; raise one of its children."""

    def __init__(self, code: str, message: str, next_step: str = "") -> None:
        super().__init__(code, message, next_step)
        self.code = code
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" Next: {self.next_step}" if self.next_step else "")


class InputError(EchelonError):
    """What the caller gave cannot be understood: an argument, a configuration file, a playbook."""


class WorldError(EchelonError):
    """The machine said no: a missing program, a read-only or full disk, a path that is not what it must be."""


class ConflictError(EchelonError):
    """Someone else wrote first; nothing was changed, and asking again is safe."""


class LockedError(EchelonError):
    """Someone else works in this workspace; the message says who and since when."""


class GitError(EchelonError):
    """git answered with an error; the message carries the end of its stderr."""


class HostError(EchelonError):
    """The program in which the agent runs failed."""


class TamperError(EchelonError):
    """A record that must not change was changed. Work stops until a person has looked."""


class StoppedError(EchelonError):
    """A person said stop while something was under way; nothing of it was kept."""


class LimitError(EchelonError):
    """A named limit was reached."""
