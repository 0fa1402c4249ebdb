"""B007: a caller who asks too often is told to wait."""


def test_the_fourth_of_three_requests_has_to_wait(open_shelf):
    shelf = open_shelf(requests_per_minute=3)
    assert [shelf.get("/bookmarks").status for _ in range(4)] == [200, 200, 200, 429]
    refused = shelf.get("/bookmarks")
    assert 1 <= int(refused.headers["Retry-After"]) <= 20


def test_guessing_tokens_is_limited_too(open_shelf):
    shelf = open_shelf(token="s3cret", requests_per_minute=2)
    answers = [shelf.get("/bookmarks", authorization=f"Bearer {guess}") for guess in ("a", "b", "c")]
    assert [answer.status for answer in answers] == [401, 401, 429]


def test_without_a_limit_nobody_waits(client):
    assert {client.get("/bookmarks").status for _ in range(50)} == {200}
