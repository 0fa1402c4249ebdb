"""The command line: `python3 -m desk --office FOLDER COMMAND`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from desk.commands import find_commands


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        print(arguments.run(arguments.office, arguments))
    except (ValueError, OSError) as reason:
        print(f"desk: {reason}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="desk", description="The desk of a harbour office.")
    top.add_argument("--office", type=Path, default=Path(), help="the folder that holds the files of the office")
    words = top.add_subparsers(required=True, metavar="COMMAND")
    for command in find_commands():
        word = words.add_parser(command.NAME, help=command.HELP)
        command.add_arguments(word)
        word.set_defaults(run=command.run)
    return top


if __name__ == "__main__":
    sys.exit(main())
