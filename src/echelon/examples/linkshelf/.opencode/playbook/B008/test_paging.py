"""A page and the count of the whole shelf go together."""


def test_the_count_is_of_the_shelf_and_not_of_the_page(client):
    for name in "abc":
        client.post("/bookmarks", {"url": f"https://example.org/{name}"})
    answer = client.get("/bookmarks?limit=2").json()
    assert len(answer["bookmarks"]) == 2
    assert answer["count"] == 3
