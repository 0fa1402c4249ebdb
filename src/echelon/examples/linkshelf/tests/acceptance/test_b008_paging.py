"""B008: a long shelf is read page by page."""

import pytest


@pytest.fixture
def long_shelf(client):
    for number in range(1, 8):
        client.post("/bookmarks", {"url": f"https://example.org/{number}", "title": str(number)})
    return client


def page(client, address):
    answer = client.get(address).json()
    return [bookmark["title"] for bookmark in answer["bookmarks"]], answer["next"]


def test_the_pages_together_are_the_shelf(long_shelf):
    seen, address = [], "/bookmarks?limit=3"
    for length in (3, 3, 1):
        titles, address = page(long_shelf, address)
        assert len(titles) == length
        seen += titles
    assert seen == ["7", "6", "5", "4", "3", "2", "1"]
    assert address is None


def test_the_last_full_page_knows_that_it_is_the_last(long_shelf):
    assert page(long_shelf, "/bookmarks?limit=7")[1] is None


def test_a_new_bookmark_does_not_move_the_pages(long_shelf):
    _, address = page(long_shelf, "/bookmarks?limit=3")
    long_shelf.post("/bookmarks", {"url": "https://example.org/8", "title": "8"})
    assert page(long_shelf, address)[0] == ["4", "3", "2"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=ten", "before=x"])
def test_a_bad_page_is_refused(long_shelf, query):
    assert long_shelf.get(f"/bookmarks?{query}").status == 422
