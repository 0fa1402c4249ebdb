"""A copy of the shelf on standard output, made without a running server."""

from __future__ import annotations

import argparse
import sys

from linkshelf import bookmark_file
from linkshelf.settings import Settings
from linkshelf.store import Store


def export(settings: Settings, arguments: argparse.Namespace) -> int:
    if not settings.database.is_file():
        print(f"There is no shelf at {settings.database}.", file=sys.stderr)
        return 1
    print(bookmark_file.write(Store(settings.database).select()), end="")
    return 0
