"""Corners of the exchange with browsers."""


def links(count):
    return "".join(f'<DT><A HREF="https://example.org/{number}">{number}</A>\n' for number in range(count))


def test_the_first_link_of_a_file_is_the_newest_on_the_shelf(client):
    client.post("/import", links(3))
    bookmarks = client.get("/bookmarks").json()["bookmarks"]
    assert [bookmark["title"] for bookmark in bookmarks] == ["0", "1", "2"]


def test_a_file_that_is_none_adds_nothing(client):
    for text in ("", "<a", "<a href>x</a>", "plain words"):
        answer = client.post("/import", text)
        assert answer.status == 200
        assert answer.json()["added"] == 0


def test_a_file_of_200_links_is_taken_and_a_longer_one_refused_whole(client):
    refused = client.post("/import", links(201))
    assert refused.status == 413
    assert "201" in refused.json()["error"]
    assert client.get("/bookmarks").json()["bookmarks"] == []
    assert client.post("/import", links(200)).json()["added"] == 200
