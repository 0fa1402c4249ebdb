"""What every request passes before its handler, in this order.

A gate raises HttpError to refuse a request. The list holds the makers of gates: each is called once per app.
"""

from __future__ import annotations

from collections.abc import Callable

from linkshelf.auth import require_token
from linkshelf.settings import Settings
from linkshelf.web import Request

GATES: tuple[Callable[[Settings], Callable[[Request], None]], ...] = (require_token,)
