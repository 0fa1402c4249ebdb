"""B005: a shelf that has a token answers only to those who show it."""

import pytest

PAGE = {"url": "https://example.org/a"}


@pytest.mark.parametrize("shown", [{}, {"authorization": "Bearer wrong"}, {"authorization": "s3cret"}])
def test_without_the_token_nothing_is_shown(open_shelf, shown):
    shelf = open_shelf(token="s3cret")
    for answer in (shelf.get("/bookmarks", **shown), shelf.post("/bookmarks", PAGE, **shown)):
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "s3cret" not in answer.json()["error"]


def test_with_the_token_the_shelf_is_open(open_shelf):
    shelf = open_shelf(token="s3cret")
    assert shelf.post("/bookmarks", PAGE, authorization="Bearer s3cret").status == 201


def test_a_shelf_without_a_token_stays_open(client):
    assert client.get("/bookmarks").status == 200
