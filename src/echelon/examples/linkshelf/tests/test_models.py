"""What is accepted as a bookmark, and how it is tidied."""

import pytest

from linkshelf.models import Draft


def test_a_draft_is_tidied():
    draft = Draft.read({"url": " https://example.org/a ", "title": " Two\n words ", "tags": ["Web", "api", "web"]})
    assert draft == Draft("https://example.org/a", "Two words", ("api", "web"))


def test_a_title_is_the_address_when_there_is_no_better_one():
    assert Draft.read({"url": "https://example.org"}).title == "https://example.org"


@pytest.mark.parametrize(
    "data",
    [
        "https://example.org",
        {},
        {"url": "javascript:alert(1)"},
        {"url": "https://"},
        {"url": "https://example.org/" + "a" * 2_000},
        {"url": "https://example.org", "title": 7},
        {"url": "https://example.org", "tags": "python"},
        {"url": "https://example.org", "tags": ["two words"]},
        {"url": "https://example.org", "tags": [None]},
    ],
)
def test_what_is_no_bookmark_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        Draft.read(data)
