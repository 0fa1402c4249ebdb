"""Corners of the tags."""


def shelve(client, name, *tags):
    place = client.post("/bookmarks", {"url": f"https://example.org/{name}", "tags": list(tags)})
    return place.headers["Location"]


def test_an_empty_shelf_has_no_tags(client):
    assert client.get("/tags").json() == {"tags": {}}


def test_a_tag_goes_with_its_last_bookmark(client):
    place = shelve(client, "a", "web")
    client.delete(place)
    assert client.get("/tags").json() == {"tags": {}}
    assert client.get("/tags/web").status == 404


def test_two_tags_are_not_one(client):
    shelve(client, "a", "api", "web")
    assert client.get("/tags/api%20web").status == 404
