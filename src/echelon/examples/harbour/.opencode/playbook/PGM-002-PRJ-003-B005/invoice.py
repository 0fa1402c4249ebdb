"""The bill for one stay, as text for a printer."""

from __future__ import annotations

from datetime import date
from math import ceil

from quay.models import Stay
from tariff.dues import dues
from tariff.long_stays import paid_days
from tariff.money import euros
from tariff.prices import Prices


def invoice(stay: Stay, prices: Prices, issued: date) -> str:
    """Raises ValueError while the ship is still here. Half cents are the ship's."""
    if stay.left is None:
        raise ValueError(f"{stay.ship.name} is still here")
    owed = dues(stay, prices, stay.left)
    saved = ceil((owed.days - paid_days(owed.days)) * owed.per_day)
    rows = [(f"{owed.days} days at {euros(owed.per_day)}", owed.days * owed.per_day), ("flat rate", owed.flat)]
    if saved:
        rows.append(("long stay", -saved))
    rows.append(("total", owed.total - saved))
    head = [
        f"Invoice for {stay.ship.name}, {issued}",
        f"{stay.berth}, {stay.arrived:%Y-%m-%d %H:%M} to {stay.left:%Y-%m-%d %H:%M}",
    ]
    return "\n".join([*head, *(f"{words:<32}{euros(cents):>16}" for words, cents in rows)]) + "\n"
