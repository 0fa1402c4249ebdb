"""What agents, files and people write is text: 200 payloads in every field there is, and none of them runs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from houses import House
from workspaces import Shop, backlog

VIEWS = (
    "now",
    "portfolio",
    "backlog",
    "backlog?as=board",
    "backlog?as=graph",
    "mission",
    "slots",
    "chat",
    "evidence",
    "journal",
    "report",
    "validation",
    "settings",
)
PAYLOADS_MIN = 200
_RUN = "window.hit=(window.hit||0)+1"
_BASE = (
    f"<script>{_RUN}</script>", f"<img src=x onerror='{_RUN}'>", f"<svg onload='{_RUN}'>", f"<svg><script>{_RUN}</script></svg>",
    f"<iframe srcdoc='<script>parent.{_RUN}</script>'></iframe>", f"<a href='javascript:{_RUN}'>x</a>", f"<details open ontoggle='{_RUN}'>",
    f"<body onload='{_RUN}'>", f"<input autofocus onfocus='{_RUN}'>", f"<video><source onerror='{_RUN}'></video>",
    f"<math><mi xlink:href='javascript:{_RUN}'>x</mi></math>", f"<style>@import 'javascript:{_RUN}'</style>", "<link rel=stylesheet href='data:text/css,*{}'>",
    "<base href='http://evil.example/'>", f"<meta http-equiv=refresh content='0;url=javascript:{_RUN}'>", f"<object data='javascript:{_RUN}'>",
    f"<embed src='javascript:{_RUN}'>", f"<form action='javascript:{_RUN}'><button>x</button></form>", f"<template><script>{_RUN}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={_RUN}>'>", f"<marquee onstart='{_RUN}'>x</marquee>", f"<xmp><img src=x onerror={_RUN}></xmp>",
    f"[x](javascript:{_RUN})", f"![x](x\"onerror=\"{_RUN})", f"<javascript:{_RUN}>", f"[x]: javascript:{_RUN}", f"[x](data:text/html,<script>{_RUN}</script>)",
    f"`<img src=x onerror={_RUN}>`", f"${{{_RUN}}}", f"{{{{constructor.constructor('{_RUN}')()}}}}", f"{{@html '<img src=x onerror={_RUN}>'}}",
    f"\"><img src=x onerror={_RUN}>", f"'-({_RUN})-'", f"</title><script>{_RUN}</script>", f"</textarea><script>{_RUN}</script>", f"--><script>{_RUN}</script>",
    f"<img src=`x` onerror={_RUN}>", f"<IMG SRC=x OnErRoR={_RUN}>", f"<img/src/onerror={_RUN}>", f"<a href='jav&#x09;ascript:{_RUN}'>x</a>",
    f"<div style='background:url(javascript:{_RUN})'>x</div>", f"<svg><animate onbegin='{_RUN}' attributeName=x></svg>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={_RUN}&gt;'>",
)  # fmt: skip
_AROUND = ("{}", "**{}**", "- {}", "| {} |", "before {} after")
PAYLOADS = [shape.format(text) for text, shape in itertools.product(_BASE, _AROUND)]


def _item(number: int, texts: list[str]) -> str:
    title, description, criterion = texts
    return (
        f"### B{number:03} — {title}\n- Priority: P2\n- Size: S\n- Status: [ ]\n- Depends on: —\n- Description: {description}\n"
        f"- Acceptance criteria:\n  - [ ] {criterion} — check: `test -e B{number:03}.txt`\n\n"
    )


def hostile(folder: Path) -> Shop:
    """Payloads in titles, descriptions, criteria, spec, journal, todo, context, names and contents of changed files."""
    rows = [PAYLOADS[place : place + 3] for place in range(0, len(PAYLOADS) - 2, 3)]
    text = backlog(*(_item(number, texts) for number, texts in enumerate(rows, 1)))
    spec = (
        f"# Spec — {PAYLOADS[0]}\n\n## Objective\n" + "\n\n".join(PAYLOADS) + f"\n\n## Constraints\n- {PAYLOADS[1]}\n"
    )
    shop = Shop.make(folder, text, spec=spec)
    engine = shop.engine()
    for name in ("B001", "B002"):
        engine.start(name)
    slot = Path(engine.slot_path(engine.world().missions[0]))
    (slot / "<img src=x onerror=window.hit=1>.html").write_text("\n".join(PAYLOADS), "utf-8")
    (slot / ".opencode/todo.md").write_text("# Todo\n" + "".join(f"- [ ] {text}\n" for text in PAYLOADS), "utf-8")
    (slot / ".opencode/context.md").write_text("\n".join(PAYLOADS), "utf-8")
    for place, text in enumerate(PAYLOADS[::8], 3):
        key = f"B{place:03}"
        engine.start(key, parallel=True, limit=60)
        shop.cli("call", "backlog_fail_item", "--json", json.dumps({"item_id": key, "reason": text}))
    options = [
        {"label": PAYLOADS[1], "pros": PAYLOADS[2], "cons": PAYLOADS[3]},
        {"label": PAYLOADS[6], "pros": PAYLOADS[7], "cons": PAYLOADS[9]},
    ]
    asked = {
        "level": "project",
        "context": PAYLOADS[1],
        "attempts": PAYLOADS[5],
        "options": options,
        "expected_decision": PAYLOADS[24],
    }
    shop.cli("call", "record_escalation", "--json", json.dumps(asked))
    return shop


def _quiet(page: Page) -> None:
    """Whatever would run does so by now: what the view shows has come, and two frames have been drawn."""
    page.wait_for_function(
        "() => document.querySelector('main h1') && ![...document.querySelectorAll('main .animate-pulse')].some(one => one.checkVisibility())"
    )
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_no_payload_runs_in_any_view(visit: Callable[[Path], Any], house: House, tmp_path: Path) -> None:
    assert len(PAYLOADS) >= PAYLOADS_MIN
    (house.folder / "hostile").mkdir()
    shop = hostile(house.folder / "hostile")
    person = visit(shop.root)
    page = person.page("/now")
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => (window.barred ??= []).push(e.violatedDirective + ' ' + e.blockedURI))"
    )
    opened: list[str] = []
    page.context.on("page", lambda other: opened.append(other.url))
    page.on("dialog", lambda dialog: opened.append(dialog.message))
    page.reload()
    seen = 0
    for view in (*VIEWS, "item/B001", "item/B002", "item/B003", "item/B005"):
        page.evaluate(
            "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }", f"/{view}"
        )
        page.locator("main h1").first.wait_for()
        _quiet(page)
        assert page.evaluate("() => window.hit") is None, view
        assert page.evaluate("() => window.barred ?? []") == [], view
        assert (
            page.evaluate(
                "() => document.querySelectorAll('main script, main iframe, main object, main embed, main [onerror], main [onload], base, main form[action]').length"
            )
            == 0
        ), view
        hrefs = page.evaluate(
            "() => [...document.querySelectorAll('a[href]')].map(a => new URL(a.href.baseVal ?? a.href, location).protocol)"
        )
        assert set(hrefs) <= {"http:", "https:", "mailto:"}, view
        seen += page.evaluate("() => document.body.innerText.split('window.hit').length - 1")
    assert seen > 100, "the payloads were shown, as text"
    assert opened == []
    assert page.evaluate("() => document.title").startswith("<") is False
