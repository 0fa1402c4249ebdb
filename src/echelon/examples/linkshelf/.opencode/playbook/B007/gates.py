"""What every request passes before its handler, in this order.

A gate raises HttpError to refuse a request. The list holds the makers of gates: each is called once per app.
"""

from __future__ import annotations

from collections.abc import Callable

from linkshelf.auth import require_token
from linkshelf.limits import RateLimit
from linkshelf.settings import Settings
from linkshelf.web import Request

# The limit comes first, so that guessing the token is slow too.
GATES: tuple[Callable[[Settings], Callable[[Request], None]], ...] = (RateLimit, require_token)
