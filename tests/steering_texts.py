"""The fixture set of steering files (tests/fixtures/steering): one project, told in English and in French."""

from __future__ import annotations

from functools import cache

from echelon.core.steering.passages import Document
from repo_sources import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "steering"
LANGUAGES = ("en", "fr")
NAMES = ("spec.md", "backlog.md", "project.md")


@cache
def text(language: str, name: str) -> str:
    return (FIXTURES / language / name).read_text("utf-8")


@cache
def documents(language: str) -> tuple[Document, ...]:
    return tuple(Document(f".opencode/{name}", text(language, name)) for name in NAMES)


def workspace(language: str) -> dict[str, str]:
    return {f".opencode/{name}": text(language, name) for name in NAMES}
