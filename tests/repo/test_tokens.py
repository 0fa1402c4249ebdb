"""What agents are made to read stays within its budget, in real tokens; `python -m bench tokens` prints the table.

Not a time but a count, so it is a test (issue 5, "Cost in tokens"). Cheaper must not mean vaguer: tests/property/
test_steering.py and tests/unit/test_roles.py hold what has to be there.
"""

from __future__ import annotations

import pytest
from bench import tokens
from bench.limits import GROUPS

ROWS = {row.key: row for group in GROUPS if group.name == "tokens" for row in group.rows}
LIMITED = sorted(key for key, row in ROWS.items() if row.limit is not None)  # test_bench.py holds which and how much


@pytest.fixture(scope="module")
def measured() -> dict[str, list[float]]:
    return tokens.measure()


@pytest.mark.parametrize("key", LIMITED)
def test_a_budget_holds(key: str, measured: dict[str, list[float]]) -> None:
    assert 0 < max(measured[key]) <= (ROWS[key].limit or 0), ROWS[key].what


def test_every_figure_of_the_table_is_measured(measured: dict[str, list[float]]) -> None:
    assert set(measured) == set(ROWS)


def test_the_tokenizer_is_a_real_one() -> None:
    """Figures of the npm package gpt-tokenizer 4.0.0, which has its own o200k_base."""
    assert [tokens.tokens(text) for text in ("hello world", "Critères d'acceptation", "a" * 64)] == [2, 6, 8]
