"""B002: put a bookmark on the shelf, find it, take it off."""

import pytest

PAGE = {"url": "https://example.org/a", "title": "A page", "tags": ["web"]}


def test_a_posted_bookmark_is_listed(client):
    posted = client.post("/bookmarks", PAGE)
    assert posted.status == 201
    bookmark = posted.json()
    assert PAGE.items() <= bookmark.items()
    assert posted.headers["Location"] == f"/bookmarks/{bookmark['id']}"
    assert client.get(posted.headers["Location"]).json() == bookmark
    assert client.get("/bookmarks").json()["bookmarks"] == [bookmark]


def test_a_removed_bookmark_is_gone(client):
    place = client.post("/bookmarks", PAGE).headers["Location"]
    assert client.delete(place).status == 200
    assert client.delete(place).status == 404
    assert client.get("/bookmarks").json()["bookmarks"] == []


def test_the_same_address_is_refused_and_says_where_it_is(client):
    place = client.post("/bookmarks", PAGE).headers["Location"]
    again = client.post("/bookmarks", PAGE)
    assert again.status == 409
    assert place in again.json()["error"]


@pytest.mark.parametrize(("body", "status"), [("not json", 400), ({"url": "ftp://example.org"}, 422), ([], 422)])
def test_a_bad_bookmark_is_refused(client, body, status):
    answer = client.post("/bookmarks", body)
    assert answer.status == status
    assert answer.json()["error"]


@pytest.mark.parametrize("id", ["7", "seven", "-1", "9" * 30])
def test_an_unknown_bookmark_is_refused_by_name(client, id):
    answer = client.get(f"/bookmarks/{id}")
    assert answer.status == 404
    assert "bookmark" in answer.json()["error"]
