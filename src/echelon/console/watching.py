"""Hears that files of a workspace changed. The kernel tells at once; a slow look finds what it did not tell.

Source: ecosystem.md, "Watching": 40 ms in the median, and 4 of 30 edits missed under load without the second look.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from watchfiles import Change, awatch

from echelon.console.mirror import Changed, Mirror
from echelon.errors import EchelonError

QUIET_MS = 20  # no further change for so long: what one operation writes is seen as one
GATHER_MS = 100  # and never longer than this
LOOK_MS = 10_000


async def watch(mirror: Mirror, tell: Callable[[Changed], None]) -> None:
    """Refresh the mirror whenever something changed, for ever. A workspace that cannot be read now is read later."""
    with contextlib.suppress(EchelonError):
        await asyncio.to_thread(lambda: mirror.reading)  # which folders there are, its documents say
    while True:
        folders = await asyncio.to_thread(mirror.folders)
        if not folders:
            await asyncio.sleep(LOOK_MS / 1000)  # the folder was removed; it may come back
            continue
        with contextlib.suppress(OSError, FileNotFoundError, RuntimeError):
            seen = awatch(
                *folders, recursive=False, watch_filter=_counts, debounce=GATHER_MS, step=QUIET_MS,
                rust_timeout=LOOK_MS, yield_on_timeout=True,
            )  # fmt: skip
            async for changes in seen:
                changed = await refreshed(mirror, surely=bool(changes))
                if changed is not None:
                    tell(changed)
                if await asyncio.to_thread(mirror.folders) != folders:
                    break


async def refreshed(mirror: Mirror, *, surely: bool) -> Changed | None:
    try:
        return await asyncio.to_thread(lambda: mirror.refresh(unless_same=not surely))
    except EchelonError:
        return None  # it was never readable: a request says why


def _counts(_change: Change, path: str) -> bool:
    """Locks and temporary files come and go with every read of ours and tell nothing."""
    name = path.rpartition("/")[2]
    return not name.endswith((".lock", ".tmp", "~")) and not name.startswith((".tmp", ".#"))
