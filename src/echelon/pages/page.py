"""The report as one HTML file that needs nothing else: no server, no network, no font, and no script to be read.

Content-Security-Policy: nothing is fetched; only the two scripts of the page run, named by their digests. plotly writes
style rules while it draws, hence 'unsafe-inline' for styles; data: and blob: are its own download of a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from echelon.core.charts.gantt import gantt
from echelon.core.charts.gauges import burn_up, capacity, coverage
from echelon.core.charts.portfolio import ID_MAX, STATES, Portfolio, line, moment, read
from echelon.core.charts.tree import tree
from echelon.core.documents.grammar import Language
from echelon.pages import alternatives, pictures, tables
from echelon.pages.markup import Html, hash_of, in_script, joined, tag
from echelon.pages.words import Words

MARK = '<meta name="generator" content="echelon report">'
MARK_WITHIN = 400  # characters from the start: how a report of ours is known again
ADVICE_MAX = 500
_NOTHING = Html("")


def is_ours(start: str) -> bool:
    """Whether a file that begins so is a page of this module."""
    return start.startswith("<!doctype html>\n") and MARK in start[:MARK_WITHIN]


def page(data: Mapping[str, Any], now: str, language: Language = "en") -> str:
    """The whole document. `data` is `core.report.status`, of any depth; `now` is ISO-8601 in UTC."""
    say = Words(language)
    portfolio = read(data)
    library, drawing = pictures.library(), _own("page.js")
    heading = " — ".join(part for part in (say("report"), portfolio.title) if part)
    head = joined(
        tag("meta", charset="utf-8"),
        Html(MARK),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(library, drawing)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", heading),
        Html(f"<style>{_own('page.css')}</style>"),
    )
    body = joined(
        tag(
            "main",
            tag("h1", heading),
            _summary(data, portfolio, now, say),
            _drawn(portfolio, now, say),
            _told(data, portfolio, say),
        ),
        Html(f"<script>{library}</script>"),
        Html(f"<script>{drawing}</script>"),
    )
    return f'<!doctype html>\n<html lang="{language}"><head>{head}</head><body>{body}</body></html>\n'


def _own(name: str) -> str:
    return (files("echelon.pages") / name).read_text("utf-8")


def _policy(*scripts: str) -> str:
    return (
        f"default-src 'none'; script-src {' '.join(hash_of(script) for script in scripts)}; style-src 'unsafe-inline'; "
        "img-src data: blob:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _summary(data: Mapping[str, Any], portfolio: Portfolio, now: str, say: Words) -> Html:
    advice = line(data.get("advice"), ADVICE_MAX)
    return joined(
        tag("p", alternatives.counts(portfolio, say)),
        tag("p", alternatives.evidence(coverage(portfolio), say)),
        tag("p", tag("strong", say("next")), ": ", advice, class_="next") if advice else _NOTHING,
        tag("p", say("made", line(now, ID_MAX)[:16].replace("T", " ")), class_="soft"),
    )


def _drawn(portfolio: Portfolio, now: str, say: Words) -> Html:
    present = moment(now) or 0
    grown, slots, bars = tree(portfolio), capacity(portfolio), gantt(portfolio, present)
    covered, burned = coverage(portfolio), burn_up(portfolio, present)
    figures = [
        _figure("tree", alternatives.portfolio_tree(portfolio, grown, say), pictures.portfolio_tree(grown, say), say, _colours(say)),
        _figure("capacity", alternatives.capacity(slots, say), pictures.capacity(slots, say), say),
        _figure("gantt", alternatives.gantt(bars, say), pictures.gantt(bars, say) if bars.bars else "", say),
        _figure("coverage", alternatives.coverage(covered, say), pictures.coverage(covered, say) if sum(covered.total) else "", say),
        _figure("burn_up", alternatives.burn_up(burned, say), pictures.burn_up(burned, say) if burned.steps else "", say),
    ]  # fmt: skip
    return joined(tag("h2", say("pictures")), tag("noscript", tag("p", say("script"), class_="soft")), *figures)


def _colours(say: Words) -> Html:
    """What the colours of the tree mean: plotly has no legend for a treemap."""
    return tag(
        "p",
        *(tag("span", tag("i", style=f"background:{pictures.STATE_COLOUR[state]}"), say(state)) for state in STATES),
        class_="colours",
    )


def _figure(name: str, words: str, picture: str, say: Words, more: Html = _NOTHING) -> Html:
    """A picture, its name and its words; words alone where there is nothing to draw."""
    caption = tag("figcaption", tag("h3", say(name), id=f"{name}-name"), tag("p", words, id=f"{name}-words"), more)
    if not picture:
        return tag("figure", caption)
    place = tag("div", class_="plot", id=name, role="img", hidden="", aria_labelledby=f"{name}-name", aria_describedby=f"{name}-words")  # fmt: skip
    return tag("figure", caption, place, tag("script", in_script(picture), type="application/json", data_picture=name))


def _told(data: Mapping[str, Any], portfolio: Portfolio, say: Words) -> Html:
    told = (
        tables.decisions(data, say),
        tables.flights(data, say),
        tables.waits(data, say),
        tables.overlaps(data, say),
        tables.programs(data, say),
        tables.projects(portfolio, say),
        tables.items(data, say),
        tables.story(data, say),
        tables.records(data, say),
    )
    return joined(tag("h2", say("where")), *told)
