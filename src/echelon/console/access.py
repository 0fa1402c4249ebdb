"""Who may ask the console for anything. Pure: the request's outside against the address and the open sessions.

One rule for every route, the stream and the page's own files included. Source: reliability.md §7.1; the mistakes it
answers to are peer-console.md §2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

BODY_BYTES_MAX = 1024 * 1024
HEADERS_MAX = 64
ENTER = "/api/session"
API = "/api/"
READS, WRITES = frozenset({"GET", "HEAD"}), frozenset({"POST", "PUT", "DELETE"})
JSON = "application/json"

Code = Literal[
    "FOREIGN_REQUEST", "METHOD_NOT_ALLOWED", "NO_SESSION", "BODY_TOO_LARGE", "BODY_NOT_JSON", "ARGUMENTS_INVALID",
]  # fmt: skip
STATUS: dict[Code, int] = {
    "FOREIGN_REQUEST": 403, "METHOD_NOT_ALLOWED": 405, "NO_SESSION": 401, "BODY_TOO_LARGE": 413, "BODY_NOT_JSON": 415,
    "ARGUMENTS_INVALID": 400,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """A request before anybody has read its body. `headers`: names in lower case, as often as they were sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass(frozen=True, slots=True)
class Denied:
    code: Code
    why: str


def admit(seen: Seen, address: str, known: Callable[[str], bool]) -> Denied | None:
    """None when the request may go on. `address` is host and port; `known` says whether a token has a session."""
    return _foreign(seen, address) or _method(seen) or _session(seen, known) or _body(seen)


def token_of(seen: Seen) -> str:
    """The token that a request carries in its one Authorization header, "" for none."""
    given = seen.all("authorization")
    return given[0].removeprefix("Bearer ") if len(given) == 1 and given[0].startswith("Bearer ") else ""


def _foreign(seen: Seen, address: str) -> Denied | None:
    if len(seen.headers) > HEADERS_MAX:
        return Denied("FOREIGN_REQUEST", f"more than {HEADERS_MAX} headers")
    if seen.all("host") != [address]:
        return Denied("FOREIGN_REQUEST", f"this is http://{address}/, under no other name")
    origins = seen.all("origin")
    if origins and origins != [f"http://{address}"]:
        return Denied("FOREIGN_REQUEST", "it comes from another page")
    sites = seen.all("sec-fetch-site")
    if sites in ([], ["same-origin"]) or (sites in _ARRIVALS and _arrives(seen)):
        return None
    return Denied("FOREIGN_REQUEST", "a page of another site, or a typed address, asks for data")


_ARRIVALS = (["none"], ["cross-site"], ["same-site"])


def _arrives(seen: Seen) -> bool:
    """A person follows a link or types the address: that may load the page itself, which holds nothing, on top only."""
    top = seen.all("sec-fetch-mode") == ["navigate"] and seen.all("sec-fetch-dest") == ["document"]
    return top and seen.method in READS and not _is_api(seen.path)


def _is_api(path: str) -> bool:
    return path == API.rstrip("/") or path.startswith(API)


def _method(seen: Seen) -> Denied | None:
    allowed = READS | WRITES if _is_api(seen.path) else READS
    if seen.method in allowed:
        return None
    return Denied("METHOD_NOT_ALLOWED", f"use {', '.join(sorted(allowed))}")


def _session(seen: Seen, known: Callable[[str], bool]) -> Denied | None:
    if not _is_api(seen.path) or (seen.path == ENTER and seen.method == "POST"):
        return None
    token = token_of(seen)
    return None if token and known(token) else Denied("NO_SESSION", "there is no session with this token")


def _body(seen: Seen) -> Denied | None:
    lengths = seen.all("content-length")
    if len(lengths) > 1 or any(not (length.isascii() and length.isdigit()) for length in lengths):
        return Denied("ARGUMENTS_INVALID", "Content-Length is not one number")
    size = int(lengths[0][:20]) if lengths else 0
    if size > BODY_BYTES_MAX:
        return Denied("BODY_TOO_LARGE", f"a body has at most {BODY_BYTES_MAX} bytes")
    if seen.method not in WRITES:
        return None
    if [_media(value) for value in seen.all("content-type")] != [JSON]:
        return Denied("BODY_NOT_JSON", f"the body of a change is {JSON}")
    return None


def _media(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def headers(policy: str) -> Iterable[tuple[str, str]]:
    """What every answer carries: nothing is cached, framed, sniffed, or told to another site."""
    return (
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    )


POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
