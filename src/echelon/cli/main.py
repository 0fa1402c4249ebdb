"""The command line: words to calls, answers to exit codes. Commands live in cli/commands, loaded when asked for.

Exit codes: 0 done, 1 refused or blocked, 2 usage, 3 our bug (the crash log's path is printed), 130 interrupted.
"""

from __future__ import annotations

import importlib
import keyword
import sys
from typing import NoReturn

import click

from echelon import __version__
from echelon.cli import render
from echelon.errors import EchelonError, InputError

DONE, REFUSED, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130

COMMANDS = {
    "demo": "Deliver an example from start to end, and leave it there to look at.",
    "init": "Adopt the repository you stand in: writes what is missing, overwrites nothing.",
    "plan": "From a brief to a spec and a backlog: asks, or reads a filled form.",
    "import": "Read tasks of another tool into a spec and a backlog.",
    "export": "The portfolio as JSON, or as a graph of its dependencies.",
    "deliver": "Deliver every eligible item until done, blocked or stopped.",
    "status": "Where things stand, what blocks, what to do next.",
    "report": "The same as a report, with the story of the attempts.",
    "verify": "Run the proof again, from this or any clone.",
    "config": "Each setting, its value, and where that was said; set KEY VALUE changes one.",
    "doctor": "Every finding with its place; --repair mends without loss.",
    "install": "Put Echelon into OpenCode; uninstall takes it out again.",
    "uninstall": "Take Echelon out of OpenCode, byte for byte.",
    "console": "Follow and steer every workspace in the browser.",
    "serve": "What OpenCode's bridge speaks to; it is started by itself.",
    "call": "Run any action of the table.",
    "log": "The operations, newest last.",
    "undo": "Undo a change of state, byte for byte.",
}


class LazyGroup(click.Group):
    """Imports a command's module when it is run; the list and the short help come from COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name + "_" * keyword.iskeyword(cmd_name)  # import_
        command: click.Command = importlib.import_module(f"echelon.cli.commands.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="echelon")
def group() -> None:
    """A chain of command between you and coding agents. You approve a spec and a backlog; agents do the work; code
    decides what may start, what is proved, what merges, what stops."""


def main() -> NoReturn:
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code. Never raises."""
    render.prepare()
    try:
        answer = group.main(args=arguments, prog_name="echelon", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (KeyboardInterrupt, click.exceptions.Abort):
        render.complain("INTERRUPTED: echelon deliver goes on where it was.")
        return INTERRUPTED
    except InputError as error:
        render.complain(str(error))
        return USAGE if error.code in ("USAGE", "ARGUMENTS_INVALID") else REFUSED
    except EchelonError as error:
        render.complain(str(error))
        return REFUSED
    except BrokenPipeError:
        return REFUSED
    except Exception as error:
        from echelon.engine.crashes import record

        render.complain(f"BUG: Echelon made a mistake ({type(error).__name__}). The crash log is {record(error)}")
        return BUG
    return answer if isinstance(answer, int) else DONE
