"""echelon deliver"""

from __future__ import annotations

import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from echelon.cli import opening, render
from echelon.cli.progress import Progress
from echelon.core.decide import refuse
from echelon.dispatch.attempts import Outcome
from echelon.dispatch.deliver import Delivery
from echelon.engine.engine import Engine
from echelon.errors import WorldError
from echelon.ports import Host

PLAYBOOK = ".opencode/playbook"


@click.command(
    name="deliver",
    help="Deliver every eligible item in order until done, blocked or stopped. Ctrl-C stops; the same command goes on.",
)
@click.option("--item", metavar="ID", help="Only this item.")
@click.option(
    "--host",
    "host_name",
    type=click.Choice(["auto", "opencode", "scripted"]),
    help="Where agents run; the setting decides else.",
)
@click.option(
    "--playbook", type=click.Path(file_okay=False), help=f"Folder of the scripted host's playbook [{PLAYBOOK}]."
)
@click.option("--in-place", is_flag=True, help="Work without git, on the files as they lie: weaker evidence.")
@click.option(
    "--slots", type=click.IntRange(1, 256), metavar="N", help="Items at once; a portfolio's budget decides else."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document at the end.")
def command(
    item: str | None,
    host_name: str | None,
    playbook: str | None,
    in_place: bool,
    slots: int | None,
    as_json: bool,
) -> int:
    engine = opening.engine()
    from echelon.cli import hosts  # OpenCode's part is heavy: only a delivery pays for it

    refusal = _needs_git(engine, in_place)
    if refusal:
        outcome = refusal
    else:
        with hosts.chosen(engine.workspace, host_name, playbook) as host:
            outcome = deliver(engine, host, item, in_place=in_place, quiet=as_json, slots=slots)
    if as_json:
        render.document(outcome_json(outcome))
    else:
        show(outcome)
    return {"done": 0, "blocked": 1, "stopped": 130}[outcome.status]


def deliver(
    engine: Engine,
    host: Host,
    item: str | None = None,
    *,
    in_place: bool = False,
    quiet: bool = False,
    slots: int | None = None,
) -> Outcome:
    """Run a delivery with live progress and a stop that is honoured between all steps."""
    number = 1 if in_place else slots_of(engine, slots)
    with engine.workspace.delivering("deliver"), stopping() as stop, Progress(quiet) as progress:
        return Delivery(engine, host, progress.tell, stop.asked, number).run(item, in_place=in_place)


def slots_of(engine: Engine, wanted: int | None) -> int:
    """How many items at once: the portfolio's budget where it is parallel, else what was asked for, else one."""
    portfolio = engine.world().portfolio
    if portfolio.depth != "enterprise":
        return wanted or 1
    budget = portfolio.settings.budget if portfolio.settings.parallel else 1
    return min(budget, wanted or budget)


def _needs_git(engine: Engine, in_place: bool) -> Outcome | None:
    try:
        engine.workspace.repository  # noqa: B018 - opening it is the question
    except WorldError as error:
        if error.code != "NO_REPOSITORY":
            raise
        if in_place:
            return None
        no = refuse("NOT_A_REPOSITORY_IN_PLACE")
        return Outcome("blocked", no.reasons, no.step, no.code)
    if in_place:
        raise click.UsageError("there is a git repository here: slots are safer than --in-place")
    return None


class Stop:
    """Set by the first Ctrl-C or SIGTERM; a second Ctrl-C interrupts at once."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        return self._asked

    def ask(self, number: int, _frame: types.FrameType | None) -> None:
        if self._asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._asked = True
        render.complain("stopping after this step (Ctrl-C again: at once); what is in flight stays in flight")


@contextmanager
def stopping() -> Iterator[Stop]:
    stop = Stop()
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def show(outcome: Outcome) -> None:
    """The end of a delivery in words; what blocks goes to stderr."""
    count = len(outcome.delivered)
    render.say(
        f"{outcome.status}: {count} item{'' if count == 1 else 's'} delivered{' (' + ', '.join(outcome.delivered) + ')' if count else ''}"
    )
    if outcome.status != "done":
        code = f"[{outcome.code}] " if outcome.code else ""
        render.complain(code + "\n".join(outcome.reasons))
    if outcome.next_step:
        (render.say if outcome.status == "done" else render.complain)(f"Next: {outcome.next_step}")


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "ok": outcome.status == "done",
        "status": outcome.status,
        "code": outcome.code,
        "reasons": list(outcome.reasons),
        "next": outcome.next_step,
        "delivered": list(outcome.delivered),
    }
