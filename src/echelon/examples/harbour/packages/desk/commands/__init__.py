"""One file per command. A file dropped into this folder can be called: it needs what `Command` names."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol, cast


class Command(Protocol):
    NAME: str
    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, office: Path, arguments: argparse.Namespace) -> str:
        """Do it and return what is printed. A ValueError is a sentence for the person at the desk."""
        ...


def find_commands() -> list[Command]:
    names = sorted(module.name for module in iter_modules(__path__))
    return [cast(Command, import_module(f"{__name__}.{name}")) for name in names]
