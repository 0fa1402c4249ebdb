"""B006: bookmarks come from a browser and go back to one."""

BROWSER_FILE = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<TITLE>Bookmarks</TITLE>
<DL><p>
    <DT><H3>A folder</H3>
    <DL><p>
        <DT><A HREF="https://example.org/a?x=1&amp;y=2" ADD_DATE="1700000000" TAGS="web,API">Tom &amp; <b>Jerry</b></A>
        <DT><A HREF="javascript:alert(1)">A trick</A>
    </DL><p>
    <DT><A HREF="https://example.org/b">B</A>
</DL><p>
"""


def shelved(client):
    bookmarks = client.get("/bookmarks").json()["bookmarks"]
    return [(bookmark["url"], bookmark["title"], bookmark["tags"]) for bookmark in bookmarks]


def test_a_browser_file_is_read(client):
    answer = client.post("/import", BROWSER_FILE)
    assert answer.status == 200
    assert answer.json() == {"added": 2, "known": 0, "refused": 1}
    assert shelved(client) == [
        ("https://example.org/a?x=1&y=2", "Tom & Jerry", ["api", "web"]),
        ("https://example.org/b", "B", []),
    ]


def test_reading_it_again_adds_nothing(client):
    client.post("/import", BROWSER_FILE)
    assert client.post("/import", BROWSER_FILE).json() == {"added": 0, "known": 2, "refused": 1}


def test_what_is_exported_can_be_imported(client, open_shelf):
    client.post("/import", BROWSER_FILE)
    client.post("/bookmarks", {"url": "https://example.org/c?a=1&b=2", "title": '<script>"quoted"</script>'})
    exported = client.get("/export")
    assert exported.content_type == "text/html"
    assert b"<script>" not in exported.body

    other = open_shelf("other")
    other.post("/import", exported.body.decode())
    assert shelved(other) == shelved(client)
