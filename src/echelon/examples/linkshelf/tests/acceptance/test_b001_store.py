"""B001: bookmarks outlive the program."""

import pytest

from linkshelf.models import Draft

WEB = Draft("https://example.org/web", "Web", ("web",))
API = Draft("https://example.org/api", "API", ("api", "web"))


@pytest.fixture
def reopen(tmp_path):
    def store():
        from linkshelf.store import Store

        return Store(tmp_path / "shelf.sqlite3")

    return store


def test_a_bookmark_is_there_after_reopening(reopen):
    added = reopen().add(API)
    found = reopen().get(added.id)
    assert found == added
    assert (found.url, found.title, found.tags) == ("https://example.org/api", "API", ("api", "web"))


def test_newest_first(reopen):
    store = reopen()
    store.add(WEB)
    store.add(API)
    assert [bookmark.title for bookmark in store.select()] == ["API", "Web"]
    assert [bookmark.title for bookmark in store.select(limit=1)] == ["API"]


def test_an_address_is_kept_once(reopen):
    store = reopen()
    from linkshelf.store import AlreadyShelved

    first = store.add(WEB)
    with pytest.raises(AlreadyShelved) as refusal:
        store.add(Draft(WEB.url, "Again"))
    assert refusal.value.id == first.id
    assert store.count() == 1


def test_an_id_is_never_used_again(reopen):
    store = reopen()
    first = store.add(WEB)
    assert store.remove(first.id)
    assert not store.remove(first.id)
    assert store.get(first.id) is None
    assert store.add(API).id > first.id
