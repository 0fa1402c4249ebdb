"""What the ships of each month owe, by the month in which they left. Reductions are on the bills, not here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from board.web import Answer, as_json
from quay.stays import read_stays
from tariff.dues import dues
from tariff.money import euros
from tariff.prices import read_prices

PATH = "/dues"


def page(office: Path) -> Answer:
    prices = read_prices(office)
    months: Counter[str] = Counter()
    for stay in read_stays(office):
        if stay.left is not None:
            months[f"{stay.left:%Y-%m}"] += dues(stay, prices, stay.left).total
    return as_json({"dues": {month: euros(cents) for month, cents in sorted(months.items())}})
