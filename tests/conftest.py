"""The whole suite: what takes long begins first, so that no worker is left with it at the end; Ctrl-C reaches all."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

# Files by what they took together, longest first; what is not here follows in its own order.
SLOW = (
    "opencode/test_deliver.py",
    "opencode/test_chain.py",
    "opencode/test_portfolio.py",
    "opencode/test_loops.py",
    "opencode/test_tools.py",
    "opencode/test_gate.py",
    "opencode/test_tui.py",
    "opencode/test_host.py",
    "opencode/test_support.py",
    "opencode/test_rework_told.py",
    "opencode/test_console_host.py",
    "conformance/test_hosts.py",
    "e2e/test_portfolio_demo.py",
    "adversarial/test_liars.py",
    "e2e/test_crash_and_continue.py",
    "e2e/test_journeys.py",
    "e2e/test_commands.py",
    "adversarial/test_bad_input.py",
    "e2e/test_bad_hosts.py",
    "browser/test_chat.py",
    "browser/test_shell.py",
    "browser/test_portfolio.py",
    "browser/test_slots.py",
    "browser/test_journal.py",
    "browser/test_payloads.py",
    "console/test_reads_work.py",
)
HERE = Path(__file__).parent

# `make test &` in a script begins with Ctrl-C ignored, and whatever a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files move: the tests of one share what they stand on."""
    place = {HERE / name: number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: place.get(item.path, len(SLOW)))
