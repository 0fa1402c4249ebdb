"""The command line: `python -m linkshelf serve`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from linkshelf import __version__
from linkshelf.app import App
from linkshelf.server import make_server
from linkshelf.settings import Settings


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    settings = Settings.read(os.environ, arguments.database)
    return arguments.run(settings, arguments)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="linkshelf", description="A shelf for bookmarks.")
    top.add_argument("--version", action="version", version=__version__)
    top.add_argument("--database", type=Path, default=Path("linkshelf.sqlite3"))
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="answer requests until interrupted")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=8080)
    serving.set_defaults(run=serve)
    return top


def serve(settings: Settings, arguments: argparse.Namespace) -> int:
    with make_server(App(settings), arguments.host, arguments.port) as server:
        print(f"Linkshelf listens on http://{arguments.host}:{server.server_port}", file=sys.stderr)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
