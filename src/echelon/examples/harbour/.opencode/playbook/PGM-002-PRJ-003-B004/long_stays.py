"""A long stay costs less. The harbour master decided: from the eighth day on, each day costs half."""

from __future__ import annotations

from fractions import Fraction

WEEK = 7  # days that are paid in full


def paid_days(days: int) -> Fraction:
    """How many days are paid for a stay of so many days, to the half day."""
    return Fraction(min(days, WEEK)) + Fraction(max(days - WEEK, 0), 2)
