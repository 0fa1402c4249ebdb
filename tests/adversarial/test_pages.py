"""A page is data of agents in our markup: whatever stands in a field, the page has our elements and no other (R22)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

import portfolios
from echelon.core.charts import gantt, tree
from echelon.pages import pictures, tables
from echelon.pages.markup import hash_of, in_script
from echelon.pages.page import is_ours, page
from echelon.pages.words import Words

HOSTILE = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "<!--<script>", "]]>--><svg/onload=alert(1)>",
    "\"' onmouseover=alert(1) x='", "</title></table></td></main><h1>mine</h1>", "<a href='javascript:alert(1)'>here</a>",
    "<b>bold</b><br><i>i</i>", "&lt;b&gt;&#60;script&#62;", "%{customdata} %{x} %{meta[0]}", "$\\href{javascript:alert(1)}{x}$",
    "{0} {name} {0.__class__} %s", "\x1b[31mred\x1b]8;;http://e.example\x07\x9b", "\u202eevil\u2066\u200b\ufeff\x00\ud800", "\u2028\u2029\x85end",
    "javascript:alert(1)", "url(http://e.example/x)", "</style><link rel=stylesheet href=//e.example>", "__proto__", "A" * 100_000,
    "\n# heading\n| a | b |\n```", "x\r\nContent-Type: text/html\r\n\r\n",
)  # fmt: skip
# Words of closed lists, times and keys: where they stay, more is drawn.
TIMES = {"state", "started", "ended", "since"}
KEPT = TIMES | {"coverage", "reason", "key", "id", "item", "dependsOn", "depth"}
LIBRARY = pictures.library()
DOCUMENTS = {"enterprise": portfolios.enterprise(2, 2, 4), "project": portfolios.project(5)}


class Skeleton(HTMLParser):
    """Elements with their attributes, in order, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.ends: list[str] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.odd: list[str] = []
        self._in_script = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.ends.append(tag)
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    unknown_decl = handle_pi = handle_comment


def _page(document: dict[str, Any], language: Any = "en") -> str:
    """The page without the megabytes of plotly; the last test reads it whole."""
    return page(document, portfolios.NOW, language).replace(LIBRARY, "")


def _dressed(value: Any, dress: Callable[[str], str], kept: set[str], name: str = "") -> Any:
    """Every text of the document dressed, but those under the keys kept."""
    if isinstance(value, dict):
        return {key: _dressed(child, dress, kept, key) for key, child in value.items()}
    if isinstance(value, list):
        return [_dressed(child, dress, kept, name) for child in value]
    return dress(value) if isinstance(value, str) and name not in kept else value


@pytest.mark.parametrize("kept", [set(), TIMES, KEPT], ids=["all", "all but times", "free texts"])
@pytest.mark.parametrize("document", DOCUMENTS)
def test_hostile_texts_change_no_element_and_no_attribute(document: str, kept: set[str]) -> None:
    harmless = Skeleton(_page(_dressed(DOCUMENTS[document], lambda _: "word", kept)))
    for hostile in HOSTILE:
        text = _page(_dressed(DOCUMENTS[document], lambda _, hostile=hostile: hostile, kept))
        found = Skeleton(text)
        assert (found.elements, found.ends, found.odd) == (harmless.elements, harmless.ends, []), hostile[:40]
        assert not [ch for ch in text if unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Zl", "Zp") and ch != "\n"]
        assert len(text) < 400_000
        for script, usual in zip(found.scripts, harmless.scripts, strict=True):
            if usual.startswith("{"):
                _hold(json.loads(script), json.loads(usual))
            else:
                assert script == usual


def _hold(picture: Any, usual: Any, place: str = "") -> None:
    """The same picture but for texts, and in those plotly finds no markup but our line breaks."""
    assert type(picture) is type(usual), place
    if isinstance(picture, dict):
        assert picture.keys() == usual.keys(), place
        for key in picture:
            _hold(picture[key], usual[key], f"{place}.{key}")
    elif isinstance(picture, list):
        assert len(picture) == len(usual), place
        for one, other in zip(picture, usual, strict=True):
            _hold(one, other, place)
    elif isinstance(picture, str):
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", picture.replace("<br>", "")), (place, picture)


def test_a_document_in_a_script_cannot_end_it() -> None:
    """Twice held: no label has a < of its own, and none would leave the element."""
    document = json.dumps({"<!--": ["</script>", "\u2028&"]}, ensure_ascii=False)
    assert not re.search("[<>&\u2028]", in_script(document))
    assert json.loads(in_script(document)) == json.loads(document)


def test_every_free_text_is_there_to_be_read() -> None:
    """Escaping is not losing: the words of a person who writes < and & are on the page as they were written."""
    said = Skeleton(_page(_dressed(DOCUMENTS["enterprise"], lambda text: f"if a<b & c>d: {text}", KEPT)))
    words = "".join(said.words)
    for text in (
        "Shop",
        "Project 2",
        "Item 3",
        "3 tests failed",
        "which way?",
        "one word",
        "B004 waits for B003",
        "a word",
        "shop/cart.py",
    ):
        assert f"if a<b & c>d: {text}" in words, text


def test_ten_thousand_items_are_a_page_that_says_what_it_leaves_out() -> None:
    text = _page(portfolios.enterprise(10, 20, 50))
    said = Skeleton(text)
    assert f"{10_000 - tables.ITEMS_MAX} more are not shown" in "".join(said.words)
    assert Words("en")("grain_projects") in "".join(said.words)
    drawn = [json.loads(script) for script in said.scripts if script.startswith("{")]
    assert len(drawn) == 5
    assert len(drawn[0]["data"][0]["labels"]) <= tree.NODES_MAX
    assert (
        sum(len(trace["y"]) for trace in drawn[2]["data"] if trace["type"] == "bar") <= gantt.LANES_MAX * gantt.BARS_MAX
    )
    assert len(text) < 3_000_000


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_empty_workspace_has_a_page(language: Any) -> None:
    for document in ({}, {"depth": "none", "programs": []}, portfolios.project(0)):
        said = Skeleton(_page(document, language))
        assert Words(language)("empty") in "".join(said.words)
        assert said.elements.count(("html", (("lang", language),))) == 1


def test_each_picture_has_a_name_words_and_what_it_shows_as_tables() -> None:
    said = Skeleton(_page(DOCUMENTS["enterprise"], "fr"))
    given = [dict(attributes) for _, attributes in said.elements]
    names = {attributes["id"] for attributes in given if "id" in attributes}
    shown = [attributes for attributes in given if attributes.get("role") == "img"]
    assert [attributes["id"] for attributes in shown] == ["tree", "capacity", "gantt", "coverage", "burn_up"]
    assert all({place["aria-labelledby"], place["aria-describedby"]} <= names for place in shown)
    assert [place["data-picture"] for place in given if "data-picture" in place] == [place["id"] for place in shown]
    tags = [tag for tag, _ in said.elements]
    assert (tags.count("table"), tags.count("caption"), tags.count("noscript")) == (9, 9, 1)
    assert "Chemin critique" in "".join(said.words)


def test_the_page_asks_nobody_for_anything() -> None:
    """The whole of plotly, once, allowed by its digest; no address but those that lie unused inside of it."""
    text = page(DOCUMENTS["enterprise"], portfolios.NOW)
    assert is_ours(text[:400]) and not is_ours(text[1:400]) and not is_ours("<!doctype html>\n<html>")
    said = Skeleton(text)
    own = [script for script in said.scripts if not script.startswith("{")]
    assert own[0] == LIBRARY and len(own) == 2 and text.count(LIBRARY) == 1
    policy = next(
        dict(given)["content"] or ""
        for tag, given in said.elements
        if tag == "meta" and ("http-equiv", "Content-Security-Policy") in given
    )
    rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert rules == {
        "default-src": "'none'", "connect-src": "'none'", "base-uri": "'none'", "form-action": "'none'",
        "img-src": "data: blob:", "style-src": "'unsafe-inline'", "script-src": f"{hash_of(own[0])} {hash_of(own[1])}",
    }  # fmt: skip
    assert "://" not in text.replace(LIBRARY, "")
    assert not [tag for tag, given in said.elements if {"src", "href"} & {name for name, _ in given}]
    # plotly would offer to upload a chart from its bar of buttons, in a new window that no policy stops.
    assert 'plotlyServerURL: ""' in own[1] and "modeBarButtons: [" in own[1]
