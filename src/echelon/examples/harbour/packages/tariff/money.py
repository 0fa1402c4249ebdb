"""Money is counted in whole cents; only what people read has a decimal point."""

from __future__ import annotations


def euros(cents: int) -> str:
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02} EUR"
