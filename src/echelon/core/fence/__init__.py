"""May a tool call of an agent's session happen, and with which arguments: pure, total, bounded.

A mission's sessions often run in the person's checkout while their work belongs into a slot: paths are moved there,
and what lies elsewhere is refused. Of a shell line only the plain forms are understood. This is a fence against
mistakes; the wall is evidence in a clean checkout, and the slot guard.
"""

from echelon.core.fence.calls import Ruling, rule
from echelon.core.fence.rooms import TEMPORARY, Room

__all__ = ["TEMPORARY", "Room", "Ruling", "rule"]
