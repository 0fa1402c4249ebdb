"""The token: a shelf that has one answers only to those who show it."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest

from linkshelf.settings import Settings
from linkshelf.web import HttpError, Request

OPEN = {"/health"}  # monitors know no token


def require_token(settings: Settings) -> Callable[[Request], None]:
    expected = f"Bearer {settings.token}".encode()

    def gate(request: Request) -> None:
        if not settings.token or request.path in OPEN:
            return
        shown = request.headers.get("authorization", "").encode()
        if not compare_digest(shown, expected):  # takes the same time however much of the token is right
            raise HttpError(401, "show the token of this shelf", {"WWW-Authenticate": "Bearer"})

    return gate
