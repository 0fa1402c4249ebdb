"""The crash log: what our own mistakes leave behind, in the user's state directory, for this user only."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

from echelon import __version__
from echelon.engine.workspace import Places, SystemClock

TEXT_MAX = 200_000


def record(error: BaseException) -> Path:
    """Write the traceback; where the state directory cannot be written, a temporary file takes it."""
    text = "".join(traceback.format_exception(error))[-TEXT_MAX:]
    head = f"echelon {__version__}, Python {platform.python_version()}, {sys.platform}\n{' '.join(sys.argv)}\n\n"
    name = f"crash-{SystemClock().now().replace(':', '-')}-{os.getpid()}.log"
    try:
        folder = Places.of_user().state / "crashes"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        path.write_text(head + text, "utf-8")
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="echelon-")) / name
        path.write_text(head + text, "utf-8")
    return path
