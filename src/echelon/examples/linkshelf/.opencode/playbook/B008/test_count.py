"""The list says how many bookmarks there are (asked for by the people at the front desk)."""


def test_the_list_says_how_many_bookmarks_there_are(client):
    assert client.get("/bookmarks").json()["count"] == 0
    client.post("/bookmarks", {"url": "https://example.org/a"})
    client.post("/bookmarks", {"url": "https://example.org/b"})
    assert client.get("/bookmarks").json()["count"] == 2
