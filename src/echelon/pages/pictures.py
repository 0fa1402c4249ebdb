"""Chart data drawn by plotly, each picture a JSON document of traces and layout. plotly is imported when a page is made.

Colours are Okabe and Ito's, which people with any kind of colour vision tell apart on white and on black.
"""

from __future__ import annotations

import importlib
from typing import Any

from echelon.core.charts.gantt import Bar, Gantt
from echelon.core.charts.gauges import BurnUp, Capacity, Coverage
from echelon.core.charts.portfolio import COVERAGES, STATES
from echelon.core.charts.tree import Node, Tree
from echelon.pages.markup import in_picture
from echelon.pages.words import Words

LANE_HEIGHT, ROW_HEIGHT, HEIGHT = 22, 30, 380  # pixels
BAR_SHARE_MIN = 300  # a bar is at least this part of the time shown, so that a second in a week can be seen

STATE_COLOUR = dict(zip(STATES, ("#009e73", "#0072b2", "#9aa0a6", "#cc79a7", "#d55e00"), strict=True))
_COVERAGE = dict(zip(COVERAGES, ("#009e73", "#56b4e9", "#e69f00", "#d55e00"), strict=True))
_REASON = {"delivered": "#009e73", "in_flight": "#0072b2", "checks_red": "#d55e00", "could_not_run": "#e69f00",
           "weakened": "#b3261e", "escaped": "#b3261e", "conflict": "#cc79a7", "timed_out": "#8a6d00"}  # fmt: skip
_INK_ON = {"active": "#ffffff"}  # the others are light enough for black
_SHARES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
_OTHER, _CRITICAL = "#9aa0a6", "#f0e442"
FRAME = "#6e7781"  # page.css knows it


def library() -> str:
    """The JavaScript of plotly, as the package brings it."""
    text: str = importlib.import_module("plotly.offline").get_plotlyjs()
    return text


def _figure(traces: list[Any], **layout: Any) -> str:
    go = importlib.import_module("plotly.graph_objects")
    common = {
        "template": "none", "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": FRAME}, "height": HEIGHT, "dragmode": False,
        "margin": {"l": 10, "r": 10, "t": 44, "b": 10}, "legend": {"orientation": "h", "y": -0.12, "traceorder": "normal"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": FRAME, "activecolor": FRAME},
    }  # fmt: skip
    text: str = go.Figure(data=traces, layout={**common, **layout}).to_json()
    return text


def _whole(most: int) -> dict[str, Any]:
    """An axis of counts: no half of an item."""
    return {"tickformat": "d", "dtick": 1} if most <= 10 else {"tickformat": "d"}


def _named(key: str, title: str, say: Words) -> str:
    return in_picture(" — ".join(part for part in (key, title) if part) or say("rest"))


def portfolio_tree(found: Tree, say: Words) -> str:
    go = importlib.import_module("plotly.graph_objects")

    def label(node: Node) -> str:
        if node.kind == "group":
            return str(node.weight)
        return in_picture(node.key.rpartition("/")[2] or node.title) or say("tree")

    def hover(node: Node) -> str:
        state = say(node.state) if node.state else ""
        return "<br>".join(part for part in (_named(node.key, node.title, say), state) if part)

    tiles = go.Treemap(
        ids=[f"n{place}" for place in range(len(found.nodes))],
        parents=["" if node.parent < 0 else f"n{node.parent}" for node in found.nodes],
        labels=[label(node) for node in found.nodes],
        values=[node.weight for node in found.nodes],
        text=[say(node.state) if node.kind in ("item", "group") else in_picture(node.title if node.key else "") for node in found.nodes],
        textinfo="label+text",
        textfont={"color": [_INK_ON.get(node.state, "#000000") if node.kind in ("item", "group") else FRAME for node in found.nodes]},
        hovertext=[hover(node) for node in found.nodes],
        hoverinfo="text",
        branchvalues="remainder",
        sort=False,
        marker={
            "colors": [
                STATE_COLOUR[node.state] if node.kind in ("item", "group") else "rgba(127,127,127,0.18)" for node in found.nodes
            ],
            "line": {"width": 1, "color": FRAME},
        },
        pathbar={"visible": False},
        tiling={"pad": 2},
    )  # fmt: skip
    return _figure([tiles], height=HEIGHT + 60)


def capacity(found: Capacity, say: Words) -> str:
    go = importlib.import_module("plotly.graph_objects")
    most = max(found.budget, found.used, 1)
    dial = go.Indicator(
        mode="gauge+number",
        value=found.used,
        number={"suffix": f" / {found.budget}", "font": {"size": 30}},
        domain={"x": [0, 1], "y": [0.42 if found.shares else 0, 1]},
        gauge={
            "axis": {"range": [0, most], **_whole(most)},
            "bar": {
                "color": STATE_COLOUR["failed"] if found.used > found.budget else STATE_COLOUR["active"],
                "thickness": 0.6,
            },
            "threshold": {"value": found.budget, "thickness": 1, "line": {"color": STATE_COLOUR["failed"], "width": 3}},
            "bordercolor": FRAME,
        },
    )
    names = [_named(row.key, row.title, say) for row in found.shares]
    widest = max(most, sum(row.slots for row in found.shares))
    granted = [
        go.Bar(x=[row.slots], y=[0], orientation="h", name=in_picture(row.key) or say("rest"), text=[in_picture(row.key)],
               textposition="inside", insidetextanchor="middle", marker={"color": _SHARES[place % len(_SHARES)]}, showlegend=False,
               hovertext=say("share", name, row.slots, row.used), hoverinfo="text")
        for place, (row, name) in enumerate(zip(found.shares, names, strict=True))
    ]  # fmt: skip
    return _figure(
        [dial, *granted],
        barmode="stack",
        height=300,
        margin={"l": 30, "r": 30, "t": 44, "b": 10},
        xaxis={
            "range": [0, widest],
            **_whole(widest),
            "visible": bool(granted),
        },
        yaxis={"domain": [0.08, 0.28], "visible": False},
    )


def gantt(found: Gantt, say: Words) -> str:
    go = importlib.import_module("plotly.graph_objects")
    span = max((bar.end for bar in found.bars), default=0) - min((bar.start for bar in found.bars), default=0)
    least = span // BAR_SHARE_MIN
    traces: list[Any] = []
    for reason in sorted({bar.reason for bar in found.bars}):
        bars = [bar for bar in found.bars if bar.reason == reason]
        traces.append(
            go.Bar(
                base=[bar.start for bar in bars],
                x=[max(bar.end - bar.start, least) for bar in bars],
                y=[bar.lane for bar in bars],
                orientation="h",
                width=0.7,
                name=in_picture(_spoken(reason, say)),
                hovertext=[_hover(bar, found, say) for bar in bars],
                hoverinfo="text",
                marker={"color": _REASON.get(reason, _OTHER), "line": {"width": 1, "color": FRAME}},
            )
        )
    path = _path(found)
    if path:
        traces.append(
            go.Scatter(
                x=[moment for moment, _ in path], y=[lane for _, lane in path], mode="lines+markers", name=say("critical"),
                line={"color": _CRITICAL, "width": 4}, marker={"size": 7, "line": {"width": 1, "color": "#000000"}}, hoverinfo="skip",
            )
        )  # fmt: skip
    return _figure(
        traces,
        barmode="overlay",
        margin={"l": 10, "r": 10, "t": 76, "b": 10},
        height=160 + LANE_HEIGHT * max(4, len(found.lanes)),
        xaxis={"type": "date", "automargin": True, "side": "top", "tickangle": 0, "nticks": 6},
        yaxis={
            "tickvals": list(range(len(found.lanes))), "ticktext": [in_picture(key) for key, _ in found.lanes],
            "range": [len(found.lanes) - 0.5, -0.5], "tickfont": {"size": 11}, "automargin": True, "zeroline": False, "showgrid": False,
        },
        legend={"orientation": "h", "y": 0, "yanchor": "top", "traceorder": "normal"},
    )  # fmt: skip


def _path(found: Gantt) -> list[tuple[int, int]]:
    """Corners of the line through the lanes of the critical path: start and end of each item, in its order."""
    lane_of = {key: lane for lane, (key, _) in enumerate(found.lanes)}
    corners: list[tuple[int, int]] = []
    for lane in (lane_of[key] for key in found.critical if key in lane_of):
        bars = [bar for bar in found.bars if bar.lane == lane and bar.critical]
        if bars:
            corners += [(min(bar.start for bar in bars), lane), (max(bar.end for bar in bars), lane)]
    return corners


def _spoken(reason: str, say: Words) -> str:
    known = {"in_flight": "active", "delivered": "delivered", "failed": "failed", "suspended": "suspended"}
    return say(known[reason]) if reason in known else reason.replace("_", " ")


def _hover(bar: Bar, found: Gantt, say: Words) -> str:
    parts = [
        _named(*found.lanes[bar.lane], say),
        in_picture(f"{say('attempt')} {bar.number}: {_spoken(bar.reason, say)}"),
    ]
    parts += [in_picture(bar.detail[:120])] if bar.detail else []
    return "<br>".join([*parts, say("critical")] if bar.critical else parts)


def coverage(found: Coverage, say: Words) -> str:
    go = importlib.import_module("plotly.graph_objects")
    names = [_named(row.key, row.title, say) if row.key or row.title else say("rest") for row in found.rows]
    traces = [
        go.Bar(x=[row.counts[place] for row in found.rows], y=list(range(len(names))), orientation="h", name=say(kind),
               hovertext=[f"{name}<br>{say(kind)}: {row.counts[place]}" for row, name in zip(found.rows, names, strict=True)],
               hoverinfo="text", marker={"color": _COVERAGE[kind], "line": {"width": 1, "color": FRAME}})
        for place, kind in enumerate(COVERAGES)
    ]  # fmt: skip
    return _figure(
        traces,
        barmode="stack",
        height=140 + ROW_HEIGHT * max(2, len(names)),
        xaxis={**_whole(max((sum(row.counts) for row in found.rows), default=0)), "automargin": True, "side": "top"},
        yaxis={
            "tickvals": list(range(len(names))), "ticktext": [in_picture(row.key) or say("total" if len(names) == 1 else "rest") for row in found.rows],
            "range": [len(names) - 0.5, -0.5], "automargin": True, "zeroline": False, "showgrid": False,
        },
        legend={"orientation": "h", "y": 0, "yanchor": "top", "traceorder": "normal"},
    )  # fmt: skip


def burn_up(found: BurnUp, say: Words) -> str:
    go = importlib.import_module("plotly.graph_objects")
    times = [moment for moment, _ in found.steps]
    counts = [count + found.undated for _, count in found.steps]
    traces = [
        go.Scatter(x=times, y=counts, mode="lines", name=say("delivered"), fill="tozeroy",
                   line={"shape": "hv", "color": STATE_COLOUR["delivered"], "width": 3}),
        go.Scatter(x=[times[0], times[-1]] if times else [], y=[found.total] * 2 if times else [], mode="lines", name=say("total"),
                   line={"color": STATE_COLOUR["pending"], "width": 2, "dash": "dash"}),
    ]  # fmt: skip
    return _figure(
        traces,
        xaxis={"type": "date", "automargin": True, "tickangle": 0, "nticks": 6},
        yaxis={"rangemode": "tozero", **_whole(found.total), "automargin": True},
    )
