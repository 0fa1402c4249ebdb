"""B009: a backup without a running server."""

from linkshelf.__main__ import main
from linkshelf.models import Draft


def test_the_command_prints_what_the_server_exports(client, capsys):
    from linkshelf.store import Store

    database = client.app.settings.database
    Store(database).add(Draft("https://example.org/a", "A & B"))
    assert main(["--database", str(database), "export"]) == 0
    printed = capsys.readouterr().out
    assert "https://example.org/a" in printed
    assert printed == client.get("/export").body.decode()


def test_a_missing_shelf_is_an_error_and_is_not_made(tmp_path, capsys):
    database = tmp_path / "missing.sqlite3"
    assert main(["--database", str(database), "export"]) == 1
    assert "missing.sqlite3" in capsys.readouterr().err
    assert not database.exists()
