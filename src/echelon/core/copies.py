"""Several files that say the same thing: which one is right when they do not.

The last writes of ours are known by digest. A file that differs from what we wrote was edited by somebody; when that is
true of one file (or of several that agree), it is right, and the others follow with the next write. Edits on both
sides that differ are a person's to settle: neither is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from echelon.core.documents.render import stamp


class Settled(NamedTuple):
    truth: str  # path of the file that is right, "" when there is none
    problem: str = ""  # why only a person can tell


def settle(files: Sequence[tuple[str, str, str]], *, certain: bool = True) -> Settled:
    """`files`: (path, digest of what it says, digest of what we last wrote there or ""), the one worked on first.

    Without any write of ours (a workspace of the peer's) the file that is worked on is the newest by construction.
    Not `certain` that the others are copies of the last, the stored one: then only a person can tell what differs.
    """
    if not files:
        return Settled("")
    if len({digest for _, digest, _ in files}) == 1:
        return Settled(files[0][0])
    if not certain:
        return Settled(files[-1][0], "these differ: " + " and ".join(path for path, *_ in files))
    ours_once = {ours for _, _, ours in files if ours}
    edited = [(path, digest) for path, digest, _ in files if ours_once and digest not in ours_once]
    if not edited:
        return Settled(files[0][0])
    if len({digest for _, digest in edited}) == 1:
        return Settled(edited[0][0])
    return Settled(edited[0][0], "edited differently in " + " and ".join(path for path, _ in edited))


class Held(NamedTuple):
    """A file as it was read: what it says (None: it is not there), its digest, the digest of our last write or ""."""

    text: str | None
    digest: str
    ours: str


def mirrored(
    writes: Mapping[str, str | None],
    copies: Mapping[str, tuple[str, ...]],
    files: Mapping[str, Held],
    texts: Mapping[str, str | None],
    now: str,
) -> dict[str, str | None]:
    """`writes` with those of the working copies: whoever writes one of several copies writes all.

    A copy with words that are not ours, nor taken over into the text that was decided on (`texts`), is kept in the
    archive first. `copies`: stored path -> its working copies; `files` has all of them.
    """
    found = dict(writes)
    for stored, others in copies.items():
        text = writes.get(stored)
        if text is None:
            continue
        for path in (stored, *others):
            after = found.setdefault(path, text)
            held = files[path]
            if held.text is None or held.digest == held.ours or held.text in (after, texts.get(stored)):
                continue
            flat = re.sub(r"[^A-Za-z0-9_-]+", "-", path).strip("-")
            found[f".opencode/archive/copies/{stamp(now)}-{flat}.md"] = held.text
    return found
