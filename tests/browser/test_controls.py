"""Every control of every view: it has a name, it does something or says that it cannot, and French has its own word for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Route

import midway
from houses import House
from waits import waiting
from workspaces import Shop

SHELL = "now"  # the frame is the same around all of them, and is looked at here
VIEWS = (
    SHELL, "portfolio", "backlog", "backlog?as=board", "backlog?as=graph", "item/{0}", "item/{0}?tab=attempts",
    "item/{0}?tab=changes", "item/{0}?tab=journal", "mission/{0}", "slots", "slots/{1}", "slots/{1}?tab=commits", "chat",
    "evidence", "journal", "journal?tab=operations", "journal?tab=time&doc=.opencode/backlog.md", "report", "validation",
    "settings",
)  # fmt: skip
ABOVE = ("portfolio", "backlog", "backlog?as=board", "mission/{0}", "journal", "settings")  # other than of one project
# Words of both languages; and reasons, which are said in the language of the workspace's files.
ALIKE = {
    "waits",
    "decision",
    "which",
    "pending",
    "suspended",
    "Journal",
    "Slots",
    "Slot",
    "Backlog",
    "Mission",
    "Validation",
    "Attestation",
    "Document",
    "Source",
    "Moment",
    "question",
    "Commits",
    "test",
}
ELSEWHERE = {
    "Sign out",
    "See all",
}  # ends the session: test_settings.py; does nothing while all is seen: test_backlog.py
PRESSED = re.compile(r"a$|button|summary$|input:(checkbox|radio)")  # the others are typed into, or scrolled by keyboard
USED = re.compile(r"a$|button|summary$|input|textarea|select")
ALIKE_MAX = 1  # rows of a list have the same controls, and this many of them are tried
# A browser's own words for what can be used, and the name that it says of each.
FIND = """(shell) => {
  const within = (one) => shell || one.closest('main, [role=dialog], [role=menu]');
  const seen = (one) => one.checkVisibility({visibilityProperty: true}) && !one.closest('[inert], [aria-hidden=true]');
  const all = [...document.querySelectorAll('a, button, input, select, textarea, summary, [role=button], [role=link], [role=tab], '
    + '[role=switch], [role=slider], [role=menuitem], [role=option], [role=treeitem][tabindex], [tabindex="0"]')];
  window.controls = all.filter((one) => within(one) && seen(one));
  const text = (one) => one.tagName + (one.getAttribute('aria-label') ?? '') + (one.getAttribute('href') ?? '') + one.textContent;
  window.find = (mark, nth) => {
    const rows = [...all].filter((one) => within(one) && seen(one) && text(one) === mark);
    return rows[nth];
  };
  return window.controls.map((one, at) => ({
    mark: text(one), nth: window.controls.slice(0, at).filter((other) => text(other) === text(one)).length,
    kind: one.tagName.toLowerCase() + (one.type ? ':' + one.type : ''), role: one.getAttribute('role') ?? '',
    disabled: one.disabled || one.getAttribute('aria-disabled') === 'true',
    here: one.getAttribute('aria-current') ?? one.getAttribute('aria-selected') ?? one.getAttribute('aria-pressed') ?? (one.checked ? 'true' : ''),
    href: one.getAttribute('href') ?? '', away: one.target === '_blank',
  }));
}"""
# What came of a click: something on the page is different, or the address is.
PRESS = """async ([mark, nth]) => {
  const one = window.find(mark, nth); // by what it says: more may have come meanwhile
  if (!one?.isConnected) return 'gone';
  const before = location.href, checked = one.checked, open = one.parentElement?.open;
  let changed = false, told = '';
  const watch = new MutationObserver(() => (changed = true));
  watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  one.focus();
  one.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, composed: true})); // of a drawing too
  for (let turn = 0; turn < 120 && !told; turn++) {
    await new Promise((done) => requestAnimationFrame(done));
    told = location.href !== before ? 'address' : changed ? 'page' : one.checked !== checked || one.parentElement?.open !== open ? 'state' : document.activeElement !== one ? 'focus' : '';
  }
  watch.disconnect();
  return told;
}"""


@dataclass(frozen=True)
class Control:
    name: str
    mark: str
    nth: int
    kind: str
    role: str
    disabled: bool
    here: str
    href: str
    away: bool


def controls(page: Page, *, shell: bool) -> list[Control]:
    rows = page.evaluate(FIND, shell)
    session = page.context.new_cdp_session(page)
    found = []
    for at, row in enumerate(rows):
        held = session.send("Runtime.evaluate", {"expression": f"window.controls[{at}]"})["result"]["objectId"]
        told = session.send("Accessibility.getPartialAXTree", {"objectId": held, "fetchRelatives": False})["nodes"][0]
        found.append(Control(told.get("name", {}).get("value", "").strip(), **row))
    session.detach()
    return found


def go(page: Page, path: str) -> None:
    page.evaluate(
        "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }", f"/{path}"
    )
    settled(page)


def settled(page: Page) -> None:
    page.wait_for_function(
        "() => document.querySelector('main h1') && ![...document.querySelectorAll('main .animate-pulse')].some(one => one.checkVisibility())"
    )
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{4,}", text))


def alike(control: Control) -> tuple[str, str, str]:
    """Links to the same view, and buttons of the same words, are of one sort."""
    about = (
        re.sub(r"(?<=.)[/?].*", "", control.href) if control.href else re.sub(r"[\w./-]*\d[\w./-]*", "0", control.name)
    )
    return control.kind, control.role, about


def tried(found: list[Control]) -> Iterator[Control]:
    """Those to press: of each sort a few."""
    counts: dict[tuple[str, str, str], int] = {}
    for control in found:
        counts[alike(control)] = counts.get(alike(control), 0) + 1
        if counts[alike(control)] <= ALIKE_MAX and control.name not in ELSEWHERE:
            yield control


def refused(route: Route) -> None:
    """Nothing is changed here: what an action does is seen in the tests of its view."""
    body = {"ok": False, "code": "WRONG_LEVEL", "reasons": ["not in this test"], "next": "look"}
    route.fulfill(status=409, content_type="application/json", body=json.dumps(body))


def useless(page: Page, path: str, found: list[Control]) -> list[str]:
    """The controls of a view with which nothing happens."""
    wrong = []
    for control in tried(found):
        if control.disabled or control.away or control.here in ("true", "page") or not PRESSED.match(control.kind):
            continue
        if page.evaluate("() => location.pathname + location.search") != f"/{path}" or page.evaluate(
            "() => !!document.querySelector('[role=dialog], [role=menu]')"
        ):
            page.keyboard.press("Escape")
            go(page, path)
        page.evaluate(FIND, path == SHELL)
        try:
            came = page.evaluate(PRESS, [control.mark, control.nth])
        except Error as error:  # the browser left the page, and the whole of it was loaded anew
            wrong.append(f"{path}: {control.kind} {control.name!r}: {error.message[:60]}")
            settled(page)
            continue
        if came == "":
            wrong.append(f"{path}: {control.kind} {control.name!r}")
        elif page.get_by_role("heading", level=1).first.inner_text() in ("No such page", "Something broke"):
            wrong.append(f"{path}: {control.name!r} leads nowhere")
    return wrong


@pytest.mark.parametrize("kind", ["project", "portfolio"])
def test_every_control_has_a_name_and_does_something(visit: Callable[[Path], Any], house: House, kind: str) -> None:
    shop: Shop = waiting(house) if kind == "project" else midway.make(house.folder / "harbour", home=house.home)
    key = "B001" if kind == "project" else "PGM-001/PRJ-002/B007"
    person = visit(shop.root)
    english, french = person.page("/now"), person.page("/now", locale="fr-FR")
    english.context.grant_permissions(["clipboard-read", "clipboard-write"])
    english.route("**/api/level/**", refused)
    english.route("**/api/rework*", refused)
    known = ALIKE | words(
        " ".join(path.read_text("utf-8") for path in (shop.root / ".opencode").rglob("*") if path.is_file())
    )
    nameless, wrong, same = [], [], []
    for view in VIEWS if kind == "project" else ABOVE:
        path = view.format(key, key.replace("/", "-"))
        go(english, path)
        go(french, path)
        found, other = (controls(page, shell=view == SHELL) for page in (english, french))
        nameless += [
            f"{path}: {one.kind} {one.role} {one.href}"
            for one in found + other
            if not one.name and USED.match(one.kind)
        ]
        both = {one.name for one in found} & {one.name for one in other}
        same += [f"{path}: {name}" for name in both if not words(name) <= known]
        wrong += useless(english, path, found)
    assert nameless == []
    assert same == [], "French has its own word"
    assert wrong == []
