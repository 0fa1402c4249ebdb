"""A shelf of its own for each test, and a client that speaks to it without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from linkshelf.app import App
from linkshelf.settings import Settings
from linkshelf.web import Request, Response


class Client:
    def __init__(self, settings: Settings) -> None:
        self.app = App(settings)

    def get(self, address: str, **headers: str) -> Response:
        return self.send("GET", address, b"", headers)

    def delete(self, address: str, **headers: str) -> Response:
        return self.send("DELETE", address, b"", headers)

    def post(self, address: str, data: object, **headers: str) -> Response:
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        return self.send("POST", address, body, headers)

    def send(self, method: str, address: str, body: bytes, headers: dict[str, str]) -> Response:
        parts = urlsplit(address)
        return self.app.handle(Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body))


@pytest.fixture
def open_shelf(tmp_path: Path) -> Callable[..., Client]:
    """Call it with settings other than the usual ones, or with another name for a second shelf."""

    def open_one(name: str = "shelf", token: str = "", requests_per_minute: int = 0) -> Client:
        return Client(Settings(tmp_path / f"{name}.sqlite3", token, requests_per_minute))

    return open_one


@pytest.fixture
def client(open_shelf: Callable[..., Client]) -> Client:
    return open_shelf()
