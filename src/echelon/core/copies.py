"""Several files that say the same thing: which one is right when they do not.

The last writes of ours are known by digest. A file that differs from what we wrote was edited by somebody; when that is
true of one file (or of several that agree), it is right, and the others follow with the next write. Edits on both
sides that differ are a person's to settle: neither is thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Settled(NamedTuple):
    truth: str  # path of the file that is right, "" when there is none
    problem: str = ""  # why only a person can tell


def settle(files: Sequence[tuple[str, str, str]]) -> Settled:
    """`files`: (path, digest of what it says, digest of what we last wrote there or ""), the one worked on first.

    Without any write of ours (a workspace of the peer's) the file that is worked on is the newest by construction.
    """
    if not files:
        return Settled("")
    if len({digest for _, digest, _ in files}) == 1:
        return Settled(files[0][0])
    ours_once = {ours for _, _, ours in files if ours}
    edited = [(path, digest) for path, digest, _ in files if ours_once and digest not in ours_once]
    if not edited:
        return Settled(files[0][0])
    if len({digest for _, digest in edited}) == 1:
        return Settled(edited[0][0])
    return Settled(edited[0][0], "edited differently in " + " and ".join(path for path, _ in edited))
