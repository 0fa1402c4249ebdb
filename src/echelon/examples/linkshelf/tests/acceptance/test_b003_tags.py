"""B003: which tags are there, and what carries one."""

import pytest


@pytest.fixture
def tagged(client):
    for name, tags in [("a", ["web"]), ("b", ["web", "api"]), ("c", ["web-design"])]:
        client.post("/bookmarks", {"url": f"https://example.org/{name}", "title": name, "tags": tags})
    return client


def titles(answer):
    return [bookmark["title"] for bookmark in answer.json()["bookmarks"]]


def test_tags_are_counted(tagged):
    assert tagged.get("/tags").json() == {"tags": {"api": 1, "web": 2, "web-design": 1}}


def test_a_tag_finds_its_bookmarks_and_no_longer_word(tagged):
    assert titles(tagged.get("/tags/web")) == ["b", "a"]
    assert titles(tagged.get("/tags/API")) == ["b"]


def test_a_tag_nobody_uses_is_not_found(tagged):
    assert tagged.get("/tags/sql").status == 404
    assert "sql" in tagged.get("/tags/sql").json()["error"]
