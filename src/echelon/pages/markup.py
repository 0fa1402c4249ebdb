"""HTML that cannot be opened by a text: plain strings are escaped wherever they stand, only `Html` passes as it is."""

from __future__ import annotations

import base64
import hashlib
from html import escape

_IN_SCRIPT = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
_VOID = frozenset({"meta", "br"})


class Html(str):
    """A piece of markup of ours."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str) -> Html:
    """An element; `class_` is `class`, `data_x` is `data-x`. Values and children that are not Html are escaped."""
    given = "".join(f' {key.strip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(*children)}</{name}>")


def joined(*children: str) -> Html:
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))


def in_picture(text: str) -> str:
    """Text for plotly, which reads a small HTML of its own (<b>, <a href>, entities) in every label."""
    return escape(text, quote=False)


def in_script(document: str) -> Html:
    """A JSON document for a <script> of a type that is not run: no character of it can end the element."""
    return Html(document.translate(_IN_SCRIPT))


def hash_of(script: str) -> str:
    """The source expression of a Content-Security-Policy that allows exactly this script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
