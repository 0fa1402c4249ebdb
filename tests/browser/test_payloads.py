"""What agents, files and people write is text: 200 payloads in every field there is, and none of them runs."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page, expect

from beside import beside
from echelon.actions.table import perform
from echelon.testing.model import Asked, Reply, call, fail, say
from houses import House
from slots_world import plain
from workspaces import CONFIG, Shop, backlog

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


BRANCH = f"<img/src=x/onerror={_RUN.replace('|', '')}>"  # of what a name of git may hold
FOLDER = f"<img src=x onerror={_RUN.replace('/', '')}>"


def _item(number: int, texts: list[str]) -> str:
    title, description, criterion = texts
    return (
        f"### B{number:03} — {title}\n- Priority: P2\n- Size: S\n- Status: [ ]\n- Depends on: —\n- Files: {description}, a.txt, a.txt\n- Description: {description}\n"
        f"- Acceptance criteria:\n  - [ ] {criterion} — check: `cat said.txt; test -e B{number:03}.txt`\n\n"
    )


def hostile(folder: Path, home: Path) -> Shop:
    """Payloads in titles, descriptions, criteria, spec, journal, todo, context, names and contents of changed files, the
    names of the folder and of the base branch, subjects of commits, what a check printed, and settings."""
    rows = [PAYLOADS[place : place + 3] for place in range(0, len(PAYLOADS) - 2, 3)]
    text = backlog(*(_item(number, texts) for number, texts in enumerate(rows, 1)))
    spec = (
        f"# Spec — {PAYLOADS[0]}\n\n## Objective\n" + "\n\n".join(PAYLOADS) + f"\n\n## Constraints\n- {PAYLOADS[1]}\n"
    )
    said = {"said.txt": "\n".join(PAYLOADS)}
    shop = Shop(Shop.make(folder, text, spec=spec, files=said).root, home)  # the places that the console looks at
    shop.git("branch", "-m", BRANCH)
    engine = shop.engine()
    for name in ("B001", "B002"):
        engine.start(name)
    slot = Path(engine.slot_path(engine.world().missions[0]))
    (slot / "<img src=x onerror=window.hit=1>.html").write_text("\n".join(PAYLOADS), "utf-8")
    record = f"\n## Completion report\n- Files: a.txt, a.txt, {PAYLOADS[1]}\n- Notes: {PAYLOADS[6]}\n- Follow-up: {PAYLOADS[11]}\n"
    tasks = f"<!-- echelon:mission {engine.world().missions[0].name} -->\n# Todo\n" + "".join(
        f"- [x] {text}\n" for text in PAYLOADS
    )
    (slot / ".opencode/todo.md").write_text(tasks + record, "utf-8")
    plain(slot, "-c", f"user.name={_BASE[0]}", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", _BASE[1])
    perform(engine, "backlog_verify_item", {"item_id": "B001"})  # its check prints them
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
    _by_hand(shop)
    return shop


def _by_hand(shop: Shop) -> None:
    """What only a person in an editor would write: lines of the journal, an escalation with the same option twice."""
    path = shop.root / ".opencode/project.md"
    text = path.read_text("utf-8")
    rows = "".join(f"- [2026-01-01T00:00:00.000Z] {text} — {text}\n" for text in PAYLOADS)
    text = text.replace(PAYLOADS[6], PAYLOADS[1]).replace("## Journal\n", f"## Journal\n{rows}", 1)
    assert rows in text
    path.write_text(text, "utf-8")
    settings = {**CONFIG, **dict.fromkeys(_BASE, 1), "limits": {text: text for text in _BASE}}
    (shop.root / ".opencode/orchestrator.jsonc").write_text(json.dumps(settings), "utf-8")


def _quiet(page: Page) -> None:
    """Whatever would run does so by now: what the view shows has come, and two frames have been drawn."""
    page.wait_for_function(
        "() => document.querySelector('main h1') && ![...document.querySelectorAll('main .animate-pulse')].some(one => one.checkVisibility())"
    )
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


class Watch:
    """A page that counts what ran, what the policy barred, and what opened."""

    def __init__(self, page: Page) -> None:
        self.page, self.opened, self.shown = page, list[str](), dict[str, int]()
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => (window.barred ??= []).push(e.violatedDirective + ' ' + e.blockedURI))"
        )
        page.context.on("page", lambda other: self.opened.append(other.url))
        page.on("dialog", lambda dialog: self.opened.append(dialog.message))
        page.reload()

    def go(self, path: str) -> None:
        self.page.evaluate(
            "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }", f"/{path}"
        )
        self.page.locator("main h1").first.wait_for()
        self.look(path)

    def look(self, where: str) -> None:
        _quiet(self.page)
        found = self.page.evaluate(
            """() => ({
                hit: window.hit ?? 0,
                barred: window.barred ?? [],
                made: document.querySelectorAll('body script, iframe, object, embed, [onerror], [onload], base, main form[action]').length - boot,
                ways: [...new Set([...document.querySelectorAll('a[href]')].map(a => new URL(a.href.baseVal ?? a.href, location).protocol))],
                shown: document.body.textContent.split('window.hit').length - 1,
                whole: !document.querySelector('[data-broken]'),
            })""".replace("boot", "document.querySelectorAll('body > script[src]').length")
        )
        shown = found.pop("shown")
        ways = found.pop("ways")
        assert found == {"hit": 0, "barred": [], "made": 0, "whole": True}, where
        assert set(ways) <= {"http:", "https:", "mailto:"}, where
        self.shown[where] = shown

    def end(self) -> None:
        assert self.opened == []
        assert self.page.evaluate("() => document.title").startswith("<") is False


ITEMS = tuple(
    view + key for key in ("B001", "B002", "B003", "B005") for view in ("item/", "mission/", "slots/", "evidence?key=")
)
PLACES = (
    "slots/B001?tab=commits", "journal?tab=operations", "journal?tab=time&doc=.opencode/project.md",
    "journal?tab=time&doc=.opencode/backlog.md", "validation?severity=error",
)  # fmt: skip
_WAYS = (
    "item/{0}", "mission/{0}", "slots/{0}", "backlog?q={0}&scope={0}&state={0}", "evidence?coverage={0},{0}&key={0}",
    "journal?tab={0}&of={0}&q={0}", "journal?tab=time&doc={0}&at={0}", "now?open={0}", "chat/{0}",
)  # fmt: skip
ADDRESSES = tuple(
    way.format(quote(text, safe="")) for way, text in itertools.product(_WAYS, (_BASE[0], _BASE[1], _BASE[31]))
)


SHOWN = {
    "now": 50,
    "mission": 200,
    "slots/B001": 100,
    "item/B001": 300,
    "journal": 500,
    "settings": 100,
    "validation": 100,
}


def test_no_payload_runs_in_any_view(visit: Callable[[Path], Any], house: House, tmp_path: Path) -> None:
    assert len(PAYLOADS) >= PAYLOADS_MIN
    (house.folder / FOLDER).mkdir()
    shop = hostile(house.folder / FOLDER, house.home)
    watch = Watch(visit(shop.root).page("/now"))
    for path in (*VIEWS, *ITEMS, *PLACES, *ADDRESSES):
        watch.go(path)
        for part in watch.page.locator("[data-path]").all():  # a diff is made where one looks
            part.scroll_into_view_if_needed()
            expect(part).to_contain_text("window.hit")
            watch.look(path)
    watch.page.keyboard.press("Control+k")
    watch.page.get_by_role("dialog").get_by_role("combobox").fill("window")
    watch.look("palette")
    assert {where: count for where, count in watch.shown.items() if count < SHOWN.get(where, 0)} == {}, "shown, as text"
    watch.end()


class Hostile:
    """An agent that says, asks and runs payloads."""

    def __call__(self, asked: Asked) -> Reply:
        words, results = asked.last_user, asked.tool_results
        if "fail now" in words:
            return fail(400, " ".join(_BASE))
        if "ask now" in words and not results:
            options = [{"label": text, "description": text} for text in (*_BASE, _BASE[0])]  # one of them twice
            rows = [
                {"question": text, "header": text[:30], "options": options, "multiple": many}
                for text, many in ((_BASE[0], True), (_BASE[1], False))
            ]
            return call("question", {"questions": rows})
        if "touch now" in words and not results:
            return call("bash", {"command": f"touch '{_BASE[0]}'", "description": _BASE[1]})
        if "tools" in words and len(results) < 3:
            first = ("bash", {"command": "cat .opencode/said.txt", "description": _BASE[len(results)]})
            return call(
                *(
                    first,
                    ("read", {"filePath": f"{_BASE[1]}"}),
                    ("bash", {"command": "cat .opencode/said.txt >&2; false", "description": _BASE[5]}),
                )[len(results)]
            )
        return say("\n\n".join(PAYLOADS), pace=0.002 if "slowly" in words else 0)


def test_no_payload_runs_in_what_agents_say_and_ask(visitor: Callable[..., Any], tmp_path: Path) -> None:
    """Text as it grows, a person's words, titles, tools and what they answered, errors, questions, permissions, agents."""
    shop = Shop.make(tmp_path / "w", files={".opencode/said.txt": "\n".join(PAYLOADS)})
    agents = {
        f"agent{number}": {"description": text, "mode": "primary", "prompt": "Go."}
        for number, text in enumerate(_BASE[:9])
    }
    commands = {f"say{number}": {"description": text, "template": text} for number, text in enumerate(_BASE[:9])}
    rules = {"permission": {"bash": {"touch *": "ask"}}, "agent": agents, "command": commands}
    (shop.root / "opencode.json").write_text(json.dumps(rules), "utf-8")
    with beside(shop, Hostile(), tmp_path, visitor) as (stage, person):
        watch = Watch(person.page("/chat"))
        box = watch.page.get_by_role("textbox", name="Message")
        box.wait_for(timeout=60_000)
        sessions = {
            words: stage.server.create(title=f"{title} {words}")
            for words, title in zip(("slowly", "tools", "ask now", "touch now", "fail now"), _BASE, strict=False)
        }
        watch.go(f"chat/{sessions['slowly']}")
        box.fill("slowly\n" + "\n".join(PAYLOADS[:40]))
        watch.page.keyboard.press("Enter")
        growing = watch.page.locator("[data-role=assistant]")
        expect(growing).to_contain_text("window.hit", timeout=60_000)
        while stage.server.is_busy(sessions["slowly"]):  # at whatever moment: it is looked at half said
            watch.look("text that grows")
        for words in ("tools", "ask now", "touch now", "fail now"):
            stage.server.prompt(sessions[words], words, "build")
        expect(watch.page.get_by_role("link", name="ask now").locator("visible=true")).to_be_visible()
        for words in ("ask now", "touch now"):
            watch.go(f"chat/{sessions[words]}")
            expect(watch.page.get_by_role("region", name=re.compile("Waits for your answer"))).to_be_visible(
                timeout=60_000
            )
            watch.look(words)
        stage.server.wait_idle(sessions["tools"], 60)
        for words in ("slowly", "tools", "fail now"):
            watch.go(f"chat/{sessions[words]}")
            expect(watch.page.locator("[data-message]").nth(1)).to_be_visible(timeout=60_000)
            watch.page.evaluate("() => document.querySelectorAll('details').forEach((one) => (one.open = true))")
            watch.look(words)
        watch.go("now")
        rows = watch.page.locator("[data-list=inbox] > li")
        expect(rows).to_have_count(2, timeout=60_000)
        for row in rows.all():
            row.get_by_role("button").first.click()
            watch.look("inbox")
        watch.go("chat")
        box.press_sequentially("/say")
        watch.look("commands")
        box.fill("")
        watch.page.get_by_role("button", name="Sent before").click()
        watch.look("sent before")
        least = {
            "slowly": 400,
            "tools": 400,
            "ask now": 150,
            "touch now": 2,
            "fail now": 40,
            "inbox": 100,
            "commands": 9,
        }
        assert {where: count for where, count in least.items() if watch.shown[where] < count} == {}, "shown, as text"
        watch.end()
