"""R21: the console admits only its user. Request shapes against an oracle that was written from reliability.md §7.1.

The oracle knows nothing of access.py. Routes are those of the router, so a new one is asked here before it can be used.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from consoles import ADDRESS, Console, ask
from echelon.console.routes import ROUTERS
from proofs import LONG
from workspaces import Shop

HOSTS = ([ADDRESS], [], ["localhost:43210"], ["127.0.0.1"], ["evil.example"], [ADDRESS, ADDRESS])
ORIGINS = ([], [f"http://{ADDRESS}"], ["http://127.0.0.1:1"], ["null"], [f"http://{ADDRESS}", "http://evil.example"])
SITES = ([], ["same-origin"], ["same-site"], ["cross-site"], ["none"])
AUTHS = ("right", "none", "wrong", "lower", "basic", "query", "twice", "cookie")
SHAPES_MIN = 42_000
GUARDED = {401, 403, 405, 413, 415}


@pytest.fixture
def console(tmp_path: Path) -> Console:
    shop = Shop.make(tmp_path)
    return Console(shop.places, shop.root)


def routes() -> list[tuple[str, str]]:
    """Every (method, path) of the router, with harmless values for what a path takes."""
    found = {("GET", "/api/openapi.json")}
    for router in ROUTERS:
        for route in router.routes:
            path = re.sub(r"{(\w+)(:path)?}", "x", route.path)  # type: ignore[attr-defined]
            found |= {(method, path) for method in route.methods}  # type: ignore[attr-defined]
    return sorted(found)


def test_no_route_is_outside_of_the_list(console: Console) -> None:
    listed = {path for _, path in routes()}
    published = {re.sub(r"{\w+}", "x", path) for path in console.get("/api/openapi.json")["paths"]}
    assert published <= listed
    assert len(published) >= 10


def headers_of(
    console: Console, host: list[str], origin: list[str], site: list[str], auth: str, more: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    given = [("host", value) for value in host] + [("origin", value) for value in origin]
    given += [("sec-fetch-site", value) for value in site] + more
    token = console.token
    words = {
        "right": [f"Bearer {token}"], "wrong": ["Bearer " + token[::-1]], "lower": [f"bearer {token}"],
        "basic": [f"Basic {token}"], "twice": [f"Bearer {token}", "Bearer x"],
    }.get(auth, [])  # fmt: skip
    given += [("authorization", word) for word in words]
    return [*given, ("cookie", f"token={token}")] if auth == "cookie" else given


def admitted(
    method: str, path: str, host: list[str], origin: list[str], site: list[str], auth: str, more: list[tuple[str, str]]
) -> bool:
    """§7.1 in one expression each: who asks, from where, with what."""
    api = path.startswith("/api/")
    ours = host == [ADDRESS] and origin in ([], [f"http://{ADDRESS}"])
    loads = (
        not api
        and method in ("GET", "HEAD")
        and ("sec-fetch-mode", "navigate") in more
        and ("sec-fetch-dest", "document") in more
    )
    near = site in ([], ["same-origin"]) or loads
    let_in = auth == "right" or not api or (method, path) == ("POST", "/api/session")
    json = method not in ("POST", "PUT", "DELETE") or ("content-type", "application/json") in more
    known = method in ("GET", "HEAD") or (api and method in ("POST", "PUT", "DELETE"))
    return ours and near and let_in and json and known


def shapes() -> Iterator[tuple[str, str, list[str], list[str], list[str], str, list[tuple[str, str]]]]:
    kinds = (
        [],
        [("content-type", "application/json")],
        [("content-type", "text/plain")],
        [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
    )
    for method, path in routes():
        for host, origin, site, auth in itertools.product(HOSTS, ORIGINS, SITES, AUTHS):
            for other in (method, "OPTIONS"):
                yield (
                    other,
                    path,
                    host,
                    origin,
                    site,
                    auth,
                    kinds[1] if method in ("POST", "PUT", "DELETE") else kinds[3],
                )
            yield method, path, host, origin, site, auth, kinds[2]


def test_only_the_person_s_own_page_is_admitted(console: Console) -> None:
    """Every combination that must not pass is refused before a route runs; every one that may, reaches its route."""
    dice = random.Random(21)
    everything = list(shapes())
    allowed = [shape for shape in everything if admitted(*shape)]
    barred = [shape for shape in everything if not admitted(*shape)]
    if not LONG:  # the same ones every time; those that reach a route cost a read of it
        allowed = [shape for shape in allowed if shape[3:5] == (ORIGINS[1], SITES[1])] + dice.sample(allowed, 100)
        barred = dice.sample(barred, SHAPES_MIN)
    assert {shape[1] for shape in allowed} == {path for _, path in routes()}
    wrong: list[object] = []
    tried = {"admitted": 0, "refused": 0}

    async def all_of_them() -> None:
        for method, path, host, origin, site, auth, more in (*barred, *allowed):
            may = admitted(method, path, host, origin, site, auth, more)
            tried["admitted" if may else "refused"] += 1
            address = path + (f"?token={console.token}" if auth == "query" else "")
            given = headers_of(console, host, origin, site, auth, more)
            if (method, path) == ("DELETE", "/api/session") and may:
                continue  # it signs out, as it should
            body = b"{}" if method in ("POST", "PUT") else b""
            said = await ask(console.app, method, address, given, body)
            refused = said.status in GUARDED and (said.status != 401 or said.code == "NO_SESSION")
            if may == refused and said.code not in ("SECRET_INVALID", "WORKSPACE_UNKNOWN"):
                wrong.append((method, path, host, origin, site, auth, more, said.status, said.body[:200]))

    asyncio.run(all_of_them())
    assert wrong[:3] == []
    assert tried["refused"] >= SHAPES_MIN
    assert tried["admitted"] >= 100


def test_what_is_refused_changed_nothing(console: Console, tmp_path: Path) -> None:
    before = (tmp_path / "shop/.opencode/backlog.md").read_bytes()
    for origin, auth in itertools.product(ORIGINS[2:], ("right", "none")):
        more = [("content-type", "application/json")]
        given = headers_of(console, [ADDRESS], origin, [], auth, more)
        assert console.raw("POST", "/api/level/backlog_start_item", given, b"{}").status == 403
    assert (tmp_path / "shop/.opencode/backlog.md").read_bytes() == before


def test_every_answer_carries_the_policy(console: Console) -> None:
    for path in ("/", "/api/workspaces", "/api/nothing", "/nothing.js"):
        for token in (None, ""):
            said = console.ask("GET", path, token=token)
            policy = said.headers["content-security-policy"]
            assert (
                "default-src 'none'" in policy
                and "'unsafe-inline'" not in policy
                and "frame-ancestors 'none'" in policy
            )
            assert said.headers["x-content-type-options"] == "nosniff"
            assert said.headers["referrer-policy"] == "no-referrer"
            assert "access-control-allow-origin" not in said.headers
            assert "set-cookie" not in said.headers


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 40, "0x10", "", " 5", "5, 5"])
def test_an_odd_length_is_refused(console: Console, length: str) -> None:
    given = [
        ("host", ADDRESS),
        ("authorization", f"Bearer {console.token}"),
        ("content-type", "application/json"),
        ("content-length", length),
    ]
    said = console.raw("POST", "/api/level/backlog_status", given, b"{}")
    assert said.status in (400, 413)


def test_a_body_is_counted_while_it_comes(console: Console) -> None:
    """P14, P17: a chunked body has no length and is still limited; a body that is too long by its own word is not read."""
    given = [("host", ADDRESS), ("authorization", f"Bearer {console.token}"), ("content-type", "application/json")]
    parts = [b'{"value": "'] + [b"x" * 65_536] * 17 + [b'"}']
    said = console.raw("PUT", "/api/preferences/a", given, parts)
    assert (said.status, said.code) == (413, "BODY_TOO_LARGE")
    said = console.raw("PUT", "/api/preferences/a", [*given, ("content-length", "99999999")], b"")
    assert (said.status, said.code) == (413, "BODY_TOO_LARGE")
    assert console.get("/api/preferences/a") == {"value": None}
