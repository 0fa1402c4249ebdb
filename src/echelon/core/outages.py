"""How long to wait for a provider or a host that is not there. What failed for minutes at night is nobody's attempt."""

from __future__ import annotations

FIRST_SECONDS = 5.0  # between two tries, …
LONGEST_SECONDS = 600.0  # … and at most


def pause(spent: float) -> float:
    """Seconds until the next try: as many again as went by since it was last there (`spent`)."""
    return min(LONGEST_SECONDS, max(FIRST_SECONDS, spent))
