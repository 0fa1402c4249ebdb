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
