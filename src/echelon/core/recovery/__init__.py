"""What is wrong in a workspace, with places, and the repairs that lose nothing.

Pure: the world and what the shell observed in, findings and new texts out. Repairing twice is repairing once. A repair
only rewrites what is read the same afterwards (a dash, a marker's spelling), or brings records and markers together
in the direction that keeps work; nothing is removed without a copy.
"""

from echelon.core.placed import Placed
from echelon.core.recovery.consistency import delivered
from echelon.core.recovery.findings import examine
from echelon.core.recovery.observed import Observed
from echelon.core.recovery.repairs import repairs

__all__ = ["Observed", "Placed", "delivered", "examine", "repairs"]
