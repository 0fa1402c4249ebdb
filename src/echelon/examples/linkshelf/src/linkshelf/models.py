"""What a bookmark is, and which words are good enough to become one."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

MAX_URL = 2_000  # characters; longer addresses are nearly always a mistake
MAX_TITLE = 300
MAX_TAGS = 20
TAG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Draft:
    """A bookmark that is not on the shelf yet."""

    url: str
    title: str
    tags: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: object) -> Draft:
        """Read what a client sent. Raises ValueError with a sentence for the client."""
        if not isinstance(data, dict):
            raise ValueError("a bookmark is a JSON object")
        url = clean_url(data.get("url"))
        return cls(url, clean_title(data.get("title"), url), clean_tags(data.get("tags", [])))


@dataclass(frozen=True)
class Bookmark:
    id: int
    url: str
    title: str
    tags: tuple[str, ...]
    added: str  # ISO 8601, UTC

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def clean_url(url: object) -> str:
    if not isinstance(url, str) or len(url) > MAX_URL:
        raise ValueError(f"`url` is a text of at most {MAX_URL} characters")
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("`url` starts with http:// or https:// and names a host")
    return parts.geturl()


def clean_title(title: object, url: str) -> str:
    """White space becomes single blanks; a bookmark without a title shows its address."""
    if title is None:
        return url[:MAX_TITLE]
    if not isinstance(title, str) or len(title) > MAX_TITLE:
        raise ValueError(f"`title` is a text of at most {MAX_TITLE} characters")
    return " ".join(title.split()) or url[:MAX_TITLE]


def clean_tags(tags: object) -> tuple[str, ...]:
    """Lower case, each once, in alphabetical order."""
    if not isinstance(tags, list) or len(tags) > MAX_TAGS:
        raise ValueError(f"`tags` is a list of at most {MAX_TAGS} words")
    names = {tag.strip().lower() if isinstance(tag, str) else "" for tag in tags}
    if not all(TAG.fullmatch(name) for name in names):
        raise ValueError("a tag is made of letters a-z, digits and hyphens, 40 at most")
    return tuple(sorted(names))
