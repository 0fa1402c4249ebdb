"""The sessions of one console, in memory: one-time secrets, tokens, and the codes that open what only a person may do.

Only digests are kept. A secret comes out of a terminal and lets one browser in; a ticket is a secret that a page keeps
for its own reload. Source: reliability.md §7.1.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

SECRET_SECONDS = 60.0
SESSION_SECONDS = 12 * 3600.0  # since it was last used
CODE_SECONDS = 180.0
CODE_TRIES = 5
CONFIRMED_SECONDS = 900.0
CODE_DIGITS = 6
SECRETS_MAX = 32
SESSIONS_MAX = 64

Show = Callable[
    [str, str], bool
]  # the code, and what it opens, to the terminal that let somebody in; False: it is gone
Shown = Show | None  # None: nobody sits there


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(slots=True)
class Session:
    """One browser. `show` writes to the terminal it came from; `confirmed` is until when a person's verbs are open."""

    show: Shown
    used: float
    ticket: str = ""  # digest
    confirmed: float = 0.0
    code: str = ""  # digest
    code_until: float = 0.0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Entered:
    token: str
    ticket: str


@dataclass(slots=True)
class Sessions:
    """`now` is a monotonic clock in seconds. Safe in threads."""

    now: Callable[[], float]
    _secrets: dict[str, tuple[float, Shown]] = field(default_factory=dict)
    _open: dict[str, Session] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def invite(self, show: Shown) -> str:
        """A secret that lets one browser in, for SECRET_SECONDS."""
        secret = secrets.token_urlsafe(24)
        with self._lock:
            self._forget()
            while len(self._secrets) >= SECRETS_MAX:
                self._secrets.pop(next(iter(self._secrets)))
            self._secrets[digest(secret)] = (self.now() + SECRET_SECONDS, show)
        return secret

    def enter(self, secret: str) -> Entered | None:
        """Exchange a secret or a ticket for a session; each works once. A ticket takes its session with it."""
        given = digest(secret)
        with self._lock:
            self._forget()
            if given in self._secrets:
                session = Session(self._secrets.pop(given)[1], self.now())
            else:
                old = next((key for key, row in self._open.items() if row.ticket == given), "")
                if not old:
                    return None
                session = self._open.pop(old)
                session.used = self.now()
            while len(self._open) >= SESSIONS_MAX:
                self._open.pop(min(self._open, key=lambda key: self._open[key].used))
            entered = Entered(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
            session.ticket = digest(entered.ticket)
            self._open[digest(entered.token)] = session
            return entered

    def known(self, token: str) -> bool:
        return self.find(token) is not None

    def find(self, token: str) -> Session | None:
        with self._lock:
            self._forget()
            session = self._open.get(digest(token))
            if session is not None:
                session.used = self.now()
            return session

    def leave(self, token: str) -> None:
        with self._lock:
            self._open.pop(digest(token), None)

    def confirmed(self, token: str) -> bool:
        session = self.find(token)
        return session is not None and session.confirmed > self.now()

    def ask_code(self, token: str, purpose: str) -> bool:
        """Show a code on the terminal, unless one is still good there. False: there is no terminal that a person sees."""
        session = self.find(token)
        if session is None or session.show is None:
            return False
        if session.code_until > self.now():
            return True
        code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        if not session.show(code, purpose):
            return False
        session.code, session.code_until, session.tries = digest(code), self.now() + CODE_SECONDS, 0
        return True

    def confirm(self, token: str, code: str) -> bool:
        """Open a person's verbs for CONFIRMED_SECONDS. After CODE_TRIES wrong ones the code is void."""
        session = self.find(token)
        if session is None or session.code_until <= self.now():
            return False
        session.tries += 1
        right = secrets.compare_digest(session.code, digest(code))
        if right or session.tries >= CODE_TRIES:
            session.code_until = 0.0
        if right:
            session.confirmed = self.now() + CONFIRMED_SECONDS
        return right

    def handed_over(self) -> list[list[str]]:
        """Digests of tokens and tickets, for the console that takes over; no code and no confirmation goes along."""
        with self._lock:
            self._forget()
            return [[key, row.ticket] for key, row in self._open.items()]

    def take_over(self, rows: Iterable[Iterable[str]], show: Shown) -> None:
        with self._lock:
            for token, ticket in rows:
                self._open[token] = Session(show, self.now(), ticket)

    def _forget(self) -> None:
        now = self.now()
        for key in [key for key, (until, _) in self._secrets.items() if until <= now]:
            del self._secrets[key]
        for key in [key for key, row in self._open.items() if row.used + SESSION_SECONDS <= now]:
            del self._open[key]
