"""B004: find a bookmark by words of its title or address."""

import pytest


@pytest.fixture
def library(client):
    for url, title in [
        ("https://example.org/cotton", "A shirt of 100% cotton"),
        ("https://example.org/recipes", "1000 recipes"),
        ("https://example.org/snake_case", "Naming things"),
        ("https://example.org/snake-case", "Of snakes and cases"),
    ]:
        client.post("/bookmarks", {"url": url, "title": title})
    return client


def found(client, words):
    answer = client.get(f"/search?q={words}")
    assert answer.status == 200
    return [bookmark["title"] for bookmark in answer.json()["bookmarks"]]


def test_titles_and_addresses_are_searched_without_case(library):
    assert found(library, "COTTON") == ["A shirt of 100% cotton"]
    assert found(library, "things") == ["Naming things"]


def test_every_word_must_be_there(library):
    assert found(library, "of+snakes") == ["Of snakes and cases"]
    assert found(library, "cotton+snakes") == []


def test_signs_mean_themselves(library):
    assert found(library, "100%25") == ["A shirt of 100% cotton"]
    assert found(library, "snake_case") == ["Naming things"]


def test_a_search_for_nothing_is_refused(library):
    assert library.get("/search").status == 422
    assert library.get("/search?q=+").status == 422
