"""Monitors rely on this answer: it must not change."""

from linkshelf import __version__


def test_health_says_ok_and_which_version(client):
    answer = client.get("/health")
    assert answer.status == 200
    assert answer.json() == {"status": "ok", "version": __version__}


def test_health_needs_no_token(open_shelf):
    answer = open_shelf(token="s3cret").get("/health")
    assert answer.status == 200
    assert answer.json()["status"] == "ok"


def test_health_can_only_be_read(client):
    answer = client.post("/health", {})
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET"


def test_an_unknown_address_is_not_found(client):
    assert client.get("/nothing").status == 404
